import type { OperationOptions, Progress } from '../operations/progress.ts'
import type { Call } from './command.ts'

const WIDTH = 30
const REDRAW_MS = 100

/** A bar on a terminal; nothing elsewhere. */
export class ProgressBar {
  readonly #call: Call
  readonly #shown: boolean
  #next = 0

  constructor(call: Call) {
    this.#call = call
    this.#shown = call.streams.stderr.isTTY === true && !call.json
  }

  /** What operations are told, to move the bar. */
  get options(): OperationOptions {
    return { onProgress: (progress) => this.show(progress) }
  }

  show({ doneBytes, totalBytes, path }: Progress): void {
    const now = performance.now()
    if (!this.#shown || now < this.#next) return
    this.#next = now + REDRAW_MS
    const part = totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 0
    const full = Math.round(part * WIDTH)
    const bar = `${'#'.repeat(full)}${' '.repeat(WIDTH - full)}`
    const line = `[${bar}] ${String(Math.floor(part * 100)).padStart(3)} % ${path}`
    const { columns = 80 } = this.#call.streams.stderr
    this.#call.streams.stderr.write(`\r\u001b[K${line.slice(0, columns - 1)}`)
  }

  /** Takes it off the screen, before something else is printed. */
  clear(): void {
    if (this.#shown) this.#call.streams.stderr.write('\r\u001b[K')
  }
}
