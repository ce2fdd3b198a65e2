import type { ReplySink } from '../../../src/lua/redis/reply-sink.ts'

/** Writes a reply as RESP2 bytes, as a client that never said HELLO 3 sees it. */
export class Resp2Sink implements ReplySink {
  text = ''

  null(): void {
    this.text += '$-1\r\n'
  }

  boolean(value: boolean): void {
    this.text += value ? ':1\r\n' : ':0\r\n'
  }

  integer(value: number | bigint): void {
    this.text += `:${value}\r\n`
  }

  bulk(bytes: string): void {
    this.text += `$${bytes.length}\r\n${bytes}\r\n`
  }

  status(text: string): void {
    this.text += `+${text}\r\n`
  }

  error(text: string): void {
    this.text += `-${text}\r\n`
  }

  double(value: number): void {
    const text = value === Number.POSITIVE_INFINITY ? 'inf' : String(value)
    this.bulk(value === Number.NEGATIVE_INFINITY ? '-inf' : text)
  }

  bigNumber(digits: string): void {
    this.bulk(digits)
  }

  verbatim(_format: string, bytes: string): void {
    this.bulk(bytes)
  }

  array(length: number): void {
    this.text += `*${length}\r\n`
  }

  map(length: number): void {
    this.text += `*${length * 2}\r\n`
  }

  set(length: number): void {
    this.text += `*${length}\r\n`
  }
}
