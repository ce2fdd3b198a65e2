import type { TaskView } from '../task/view.ts'

/** Prints a table with a head, columns as wide as their widest cell. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  for (const row of all) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    console.log(cells.join('  ').trimEnd())
  }
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value))
}

export function printTasks(tasks: readonly TaskView[]): void {
  printTable(
    ['ID', 'STATE', 'QUEUE', 'HANDLER', 'KEY', 'RUN AT', 'ATTEMPTS'],
    tasks.map(({ id, state, queue, handler, key, runAt, attempts }) => [
      id,
      state,
      queue,
      handler,
      key ?? '',
      timeOf(runAt),
      String(attempts),
    ]),
  )
}

/** Every field that a thing has, one a line. */
export function printFields(thing: object): void {
  for (const [field, value] of Object.entries(thing)) {
    if (value === undefined) continue
    console.log(`${field.padEnd(14)}${textOf(field, value)}`)
  }
}

function textOf(field: string, value: unknown): string {
  if (field.endsWith('At') && typeof value === 'number') return timeOf(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

/** A bar on the terminal, nothing where the output is not one. */
export class Progress {
  readonly #what: string
  readonly #total: number

  constructor(what: string, total: number) {
    this.#what = what
    this.#total = total
  }

  at(done: number): void {
    if (!process.stderr.isTTY) return
    const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total)
    const bar = '#'.repeat(Math.round(share * 30)).padEnd(30)
    process.stderr.write(`\r\u001b[K${this.#what} [${bar}] ${done}/${this.#total}`)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}
