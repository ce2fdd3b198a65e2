/** Bytes as handlers see them: one character per byte, or a Buffer when they are many. */
export type Bytes = string | Buffer

/** As a string: what is no value, but a name or a number, may be long all the same. */
export const asText = (bytes: Bytes): string =>
  typeof bytes === 'string' ? bytes : bytes.toString('latin1')

/** Values that a reply may have which is made of JavaScript's. */
export const MAX_REPLY_VALUES: number = 2 ** 24

/**
 * Where a command writes its answer. One implementation encodes RESP2 and RESP3 for sockets,
 * another builds JavaScript values for the in-process client.
 *
 * Aggregates are announced by length, and the elements follow as further calls.
 */
export interface Reply {
  /** Protocol of the receiver: RESP2 has no maps, sets, doubles or pushes. */
  readonly version: 2 | 3
  /** What has no end but the reader's patience must not announce more: a reply of values takes memory as it grows. */
  readonly maxValues: number
  /** Nobody takes any more of it: whoever goes on for long should stop. */
  readonly isFull: boolean
  ok(): void
  simple(text: string): void
  /** The whole error line, prefix included. `isCounted`: the statistics have it already. */
  error(line: string, isCounted?: boolean): void
  integer(value: number | bigint): void
  bulk(value: Bytes): void
  /** A bulk string, or null when absent. */
  bulkOrNull(value: Bytes | undefined): void
  null(): void
  /** RESP2 tells a null array from a null string. */
  nullArray(): void
  array(length: number): void
  /** `length` pairs follow. RESP2: an array of twice the length. */
  map(length: number): void
  set(length: number): void
  /** Unasked-for data for RESP3 clients; RESP2: an array. */
  push(length: number): void
  /** A floating-point number; RESP2: a bulk string. */
  double(value: number): void
  /** A number with the digits given; RESP2: a bulk string. */
  decimal(digits: string): void
  boolean(value: boolean): void
  /** Text for people, of a format such as `txt` (the default); RESP2: a bulk string. */
  verbatim(text: string, format?: string): void
  /** An integer of any size in decimal; RESP2: a bulk string. */
  bigNumber(digits: string): void
}
