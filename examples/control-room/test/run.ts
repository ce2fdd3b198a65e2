import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const EXAMPLE = join(import.meta.dirname, '..')

/** A running control room, watched from outside. */
export interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly redisPort: number
  readonly output: () => string
  /** Resolves with the exit code, or undefined when a signal ended it. */
  readonly exited: Promise<number | undefined>
}

/** Starts the example as its own process; resolves when it says where to look. */
export async function startControlRoom(data: string, ...args: string[]): Promise<Running> {
  const ports = ['--http-port', '0', '--redis-port', '0']
  const child = spawn(
    process.execPath,
    [...process.execArgv, 'src/main.ts', '--data', data, ...ports, ...args],
    { cwd: EXAMPLE },
  )
  let output = ''
  const exited = new Promise<number | undefined>((resolve) => {
    child.on('close', (code) => resolve(code ?? undefined))
  })
  return await new Promise((resolve, reject) => {
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
      const url = /Look +(http:\/\/[^/]+)\//.exec(output)?.[1]
      const redisPort = /redis-cli -p (\d+) SUBSCRIBE/.exec(output)?.[1]
      if (url === undefined || redisPort === undefined) return
      resolve({ child, url, redisPort: Number(redisPort), output: () => output, exited })
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    exited.then(() => reject(new Error(`it ended before it was ready:\n${output}`)), reject)
  })
}

/** One row per alert that the observations raise under the first thresholds, worked out plainly. */
export function expectedAlerts(csv: string): string[] {
  const limits: [
    location: string,
    column: number,
    name: string,
    raises: (value: number) => boolean,
  ][] = [
    ['Seattle', 5, 'wind', (value) => value >= 7.5],
    ['Seattle', 3, 'temp_max', (value) => value >= 33],
    ['Seattle', 2, 'precipitation', (value) => value >= 38],
    ['New York', 5, 'wind', (value) => value >= 9],
    ['New York', 3, 'temp_max', (value) => value >= 34],
    ['New York', 2, 'precipitation', (value) => value >= 45],
    ['New York', 4, 'temp_min', (value) => value <= -10],
  ]
  const rows = csv.trim().split('\n').slice(1)
  return rows
    .map((row) => row.split(','))
    .flatMap((cells) =>
      limits
        .filter(
          ([location, column, , raises]) => cells[0] === location && raises(Number(cells[column])),
        )
        .map(([location, , name]) => `${location}:${name}:${cells[1]}`),
    )
    .sort()
}
