import type { LogSegment } from '../wal/log-segment.ts'

/** File numbers, each given out once. */
export class FileNumbers {
  next: number

  constructor(next: number) {
    this.next = next
  }

  /** The first of `count` numbers in a row. */
  take(count = 1): number {
    const first = this.next
    this.next += count
    return first
  }
}

/** Memtables with their logs. The list is replaced, never changed: readers may hold on to it. */
export class Segments {
  /** Newest first. The first one is written to, the others wait to be flushed. */
  list: readonly LogSegment[]

  constructor(list: readonly LogSegment[]) {
    this.list = list
  }

  get active(): LogSegment {
    return this.list[0] as LogSegment
  }

  /** The next one to flush. */
  get oldestFull(): LogSegment | undefined {
    return this.list.length > 1 ? this.list[this.list.length - 1] : undefined
  }

  get unflushed(): number {
    return this.list.length - 1
  }

  add(segment: LogSegment): void {
    this.list = [segment, ...this.list]
  }

  remove(segment: LogSegment): void {
    this.list = this.list.filter((other) => other !== segment)
  }
}
