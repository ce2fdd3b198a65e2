// Worker processes, and what all of them have told, in one order.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished } from 'vitest'
import { until } from './rig.ts'

const CHILD = new URL('./worker-child.ts', import.meta.url)

export interface Line {
  readonly by: string
  readonly what: string
  readonly n: number
  readonly key: string
  readonly fence: number
}

export class Workers {
  readonly lines: Line[] = []
  readonly #urls: string
  readonly #ttlMs: number

  readonly #replicas: number

  constructor(urls: readonly string[], ttlMs: number, replicas = 1) {
    this.#replicas = replicas
    this.#urls = urls.join(',')
    this.#ttlMs = ttlMs
  }

  /** Resolves when it is a member. */
  async start(name: string): Promise<ChildProcess> {
    const child = fork(CHILD, [this.#urls, name, `${this.#ttlMs}`, `${this.#replicas}`])
    child.on('message', (line: Line) => this.lines.push(line))
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    await until(`${name} is ready`, () => this.some({ by: name, what: 'ready' }))
    return child
  }

  /** SIGKILL, and then nothing comes from it any more. */
  async kill(child: ChildProcess): Promise<void> {
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }

  of(fields: Partial<Line>): Line[] {
    const wanted = Object.entries(fields)
    return this.lines.filter((line) =>
      wanted.every(([name, value]) => line[name as keyof Line] === value),
    )
  }

  some(fields: Partial<Line>): boolean {
    return this.of(fields).length > 0
  }

  /**
   * I4 and I5: each key's tasks start in order and one at a time, with growing fences. What a worker
   * does with an older fence is excused when it then tells that it had lost a partition: the machine has
   * let it stand still for longer than its leases.
   */
  checkKeys(): void {
    const findings: string[] = []
    const isLost = (line: Line): boolean =>
      this.lines.indexOf(line) <
      this.lines.findLastIndex(({ by, what }) => what === 'lost' && by === line.by)
    const tasks = this.lines.filter(({ what }) => what === 'start' || what === 'end')
    const byKey = Map.groupBy(tasks, ({ key }) => key)
    for (const [key, lines] of byKey) {
      let last = -1
      let fence = 0
      for (const line of lines) {
        const { what, n, fence: own } = line
        if (own < fence && isLost(line)) continue
        if (own < fence) findings.push(`${key}: fence ${own} after ${fence}`)
        if (what === 'start' && n < last) findings.push(`${key}: ${n} after ${last}`)
        if (what === 'end' && own !== fence) findings.push(`${key}: ${n} overlaps`)
        fence = own
        last = n
      }
    }
    expect(findings).toEqual([])
  }
}
