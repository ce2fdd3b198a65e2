import type { LogRecord } from '../log/log-records.ts'

/** Windows kept: one per place of a log that is being read. */
const MAX_WINDOWS = 4

/** Consecutive records read at once: everything the log holds from `from` to `to`. */
interface Window {
  readonly from: number
  readonly to: number
  readonly records: LogRecord[]
}

/** What was read of the older part of a log lately. */
export class RecordWindows {
  #windows: Window[] = []

  /** Adds what the log holds in this range; the least recently used window goes. */
  add(from: number, to: number, records: readonly LogRecord[]): void {
    this.#windows.unshift({ from, to, records: [...records] })
    this.#windows.length = Math.min(this.#windows.length, MAX_WINDOWS)
  }

  /** The first record at this sequence or after it; `known` is false when no window can tell. */
  ceiling(sequence: number): { readonly known: boolean; readonly record?: LogRecord | undefined } {
    const window = this.#find(sequence)
    if (window === undefined) return { known: false }
    const record = window.records[slotOf(window, sequence)]
    return record === undefined ? { known: false } : { known: true, record }
  }

  get(sequence: number): { readonly known: boolean; readonly record?: LogRecord | undefined } {
    const window = this.#find(sequence)
    if (window === undefined) return { known: false }
    const record = window.records[slotOf(window, sequence)]
    return { known: true, record: record?.sequence === sequence ? record : undefined }
  }

  remove(sequence: number): void {
    for (const window of this.#windows) {
      if (sequence < window.from || sequence > window.to) continue
      const slot = slotOf(window, sequence)
      if (window.records[slot]?.sequence === sequence) window.records.splice(slot, 1)
    }
  }

  #find(sequence: number): Window | undefined {
    const index = this.#windows.findIndex(({ from, to }) => sequence >= from && sequence <= to)
    const window = this.#windows[index]
    if (window !== undefined && index > 0) {
      this.#windows.splice(index, 1)
      this.#windows.unshift(window)
    }
    return window
  }
}

/** The first slot whose sequence is at least this one. */
function slotOf({ records }: Window, sequence: number): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((records[middle]?.sequence ?? 0) < sequence) low = middle + 1
    else high = middle
  }
  return low
}
