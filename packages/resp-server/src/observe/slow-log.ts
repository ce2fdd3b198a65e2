/** More arguments, and longer ones, are cut. */
const MAX_ARGUMENTS = 32
const MAX_ARGUMENT_BYTES = 128

export interface SlowLogEntry {
  readonly id: number
  /** Unix time in ms. */
  readonly time: number
  readonly microseconds: number
  readonly args: readonly string[]
  readonly address: string
  readonly clientName: string
}

/** The latest commands that took long, newest first. */
export class SlowLog {
  #entries: SlowLogEntry[] = []
  #nextId = 0

  get entries(): readonly SlowLogEntry[] {
    return this.#entries
  }

  add(entry: Omit<SlowLogEntry, 'id'>, maxEntries: number): void {
    this.#entries.unshift({ ...entry, args: abridge(entry.args), id: this.#nextId })
    this.#nextId += 1
    this.#entries.length = Math.min(this.#entries.length, maxEntries)
  }

  reset(): void {
    this.#entries = []
  }
}

function abridge(args: readonly string[]): string[] {
  const kept = args.length > MAX_ARGUMENTS ? MAX_ARGUMENTS - 1 : args.length
  const shown = args.slice(0, kept).map((argument) => {
    const more = argument.length - MAX_ARGUMENT_BYTES
    if (more <= 0) return argument
    return `${argument.slice(0, MAX_ARGUMENT_BYTES)}... (${more} more bytes)`
  })
  if (kept < args.length) shown.push(`... (${args.length - kept} more arguments)`)
  return shown
}
