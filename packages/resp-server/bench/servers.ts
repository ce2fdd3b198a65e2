import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@ashlar/transport/testing'

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url))
const WITHIN = ['resp-server', 'lsm-store', 'transport', 'codec']

/** True when what was built, which users run, is of the sources as they are. */
function isBuilt(): boolean {
  const built = join(PACKAGES, 'resp-server/dist/cli.js')
  if (!existsSync(built)) return false
  const changed = (folder: string, pattern: string): number[] =>
    globSync(`${folder}/${pattern}`, { cwd: PACKAGES }).map(
      (path) => statSync(join(PACKAGES, path)).mtimeMs,
    )
  return WITHIN.every((folder) => {
    const results = changed(folder, 'dist/**/*.js')
    return results.length > 0 && Math.min(...results) > Math.max(...changed(folder, 'src/**/*.ts'))
  })
}

/** The command line as built, or else on its sources: nothing has to be built. */
const OURS = isBuilt()
  ? [fileURLToPath(new URL('../bin/ashlar-resp.js', import.meta.url))]
  : ['--conditions=@ashlar/source', fileURLToPath(new URL('../src/cli.ts', import.meta.url))]

const running = new Set<BenchServer>()

/** Ends what a row left behind, or what is there when the run is cut off. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()))
}

/** Which files of ours are run. */
export const ORIGIN: string = OURS.length === 1 ? 'as built' : 'from sources: `pnpm build` first'

export const PEER = 'redis-server, AOF everysec'
const ANSWER_MS = 120_000

export type Kind = 'ours' | 'theirs'

/** A server that keeps its data, syncing every second. */
export class BenchServer {
  readonly port: number
  readonly socketPath: string
  readonly #kind: Kind
  readonly #folder: string
  #child: ChildProcess

  readonly #more: readonly string[]
  readonly #env: NodeJS.ProcessEnv

  private constructor(kind: Kind, port: number, more: readonly string[], env: NodeJS.ProcessEnv) {
    this.#kind = kind
    this.#more = more
    this.#env = env
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'resp-bench-'))
    this.socketPath = join(this.#folder, 'socket')
    this.#child = this.#spawn()
    running.add(this)
  }

  /** With more options of redis.conf, as arguments, and variables of the environment. */
  static async start(
    kind: Kind,
    more: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): Promise<BenchServer> {
    const server = new BenchServer(kind, await freePort(), more, env)
    await server.#ready()
    return server
  }

  /** Resident memory of the process, in bytes. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  /** Starts it again on the same data; it may not be ready yet. */
  startAgain(): void {
    this.#child = this.#spawn()
  }

  async stop(): Promise<void> {
    running.delete(this)
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    const [command, before] =
      this.#kind === 'ours' ? [process.execPath, OURS] : ['redis-server', []]
    const where = ['--port', `${this.port}`, '--dir', this.#folder]
    const durability = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']
    return spawn(
      command,
      [
        ...before,
        ...where,
        ...durability,
        '--unixsocket',
        this.socketPath,
        '--maxclients',
        '12000',
        ...this.#more,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...this.#env } },
    )
  }

  async #ready(): Promise<void> {
    let output = ''
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const deadline = performance.now() + ANSWER_MS
    while (!output.includes('Ready to accept connections')) {
      const isOver = this.#child.exitCode !== null || performance.now() > deadline
      if (isOver) throw new Error(`${this.#kind} did not start: ${output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
