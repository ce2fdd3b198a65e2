/**
 * Takes a reply piece by piece. Texts are byte strings, one byte per UTF-16 unit. A length is
 * followed by that many values, for a map by twice as many. The sink decides how its protocol
 * version shows what RESP2 does not have.
 */
export interface ReplySink {
  null(): void
  boolean(value: boolean): void
  /** A bigint when the number is not exact otherwise. */
  integer(value: number | bigint): void
  bulk(bytes: string): void
  status(text: string): void
  /** `CODE message`; `isCounted` when the error statistics have it already. */
  error(text: string, isCounted: boolean): void
  double(value: number): void
  bigNumber(digits: string): void
  verbatim(format: string, bytes: string): void
  array(length: number): void
  map(length: number): void
  set(length: number): void
}
