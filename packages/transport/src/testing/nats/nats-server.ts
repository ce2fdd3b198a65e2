import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { patience } from '../patience.ts'
import { findNatsServer } from './find-nats-server.ts'
import { freePorts } from './free-ports.ts'
import { waitUntilStopped } from './wait-until-stopped.ts'
import { Watchdog } from './watchdog.ts'

/** After this long a server that does not say that it is ready counts as failed. */
const START_PATIENCE_MS = 20_000
/** Last bytes of its log that are kept for errors. */
const MAX_LOG_LENGTH = 16_384

/** How a server for tests is started. */
export interface NatsServerOptions {
  /** Keep streams and buckets, in a folder of its own. Default true. */
  readonly jetStream?: boolean | undefined
  /** JetStream domain. */
  readonly domain?: string | undefined
  /** More lines of nats-server's own configuration: authorization, tls, cluster, leafnodes... */
  readonly config?: string | undefined
  /** Default: a free one, kept across restarts. */
  readonly port?: number | undefined
  /** Default: a free one. */
  readonly monitorPort?: number | undefined
  /** Default: made up. */
  readonly name?: string | undefined
}

/**
 * A real nats-server process on 127.0.0.1, with its data in a temporary folder. It is killed and
 * its folder removed by `close`, and also when this process dies in whatever way.
 */
export class NatsServer {
  readonly name: string
  readonly port: number
  readonly monitorPort: number
  readonly #folder: string
  readonly #program: string
  #child: ChildProcess | undefined
  #watchdog: Watchdog | undefined
  #log = ''

  private constructor(options: NatsServerOptions, ports: readonly number[]) {
    this.#program = findNatsServer()
    this.#folder = mkdtempSync(join(tmpdir(), 'ashlar-nats-'))
    this.port = options.port ?? ports[0] ?? 0
    this.monitorPort = options.monitorPort ?? ports[1] ?? 0
    this.name = options.name ?? `test-${this.port}`
    writeFileSync(this.#configPath, this.#config(options))
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options, await freePorts(2))
    try {
      await server.start()
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  /** A server whose process is started later with `start`: for clusters. */
  static async prepare(options: NatsServerOptions = {}): Promise<NatsServer> {
    return new NatsServer(options, await freePorts(2))
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** The newest lines of the server's log. */
  get log(): string {
    return this.#log
  }

  /** Starts the process (anew); resolves when it accepts connections. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`nats-server ${this.name} runs already`)
    const child = spawn(this.#program, ['-c', this.#configPath], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    await once(child, 'spawn')
    this.#watchdog = new Watchdog(child.pid ?? 0, this.#folder)
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    await this.#ready(child)
  }

  /**
   * SIGSTOP: the process stands still, and its connections stay open. On Linux all of it stands when
   * this returns.
   */
  pause(): void {
    this.#child?.kill('SIGSTOP')
    if (this.#child?.pid !== undefined) waitUntilStopped(this.#child.pid)
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** SIGKILL: nothing is flushed. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: an orderly end. Resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Ends it with the signal (default SIGTERM) and starts it on the same data and port. */
  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#end(signal)
    await this.start()
  }

  /** A page of the server's monitoring, such as `/varz` or `/jsz`. */
  async monitor(path: string): Promise<unknown> {
    // a connection for each: one that is kept may be of a process that was killed meanwhile
    const request = get({ host: '127.0.0.1', port: this.monitorPort, path, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return await json(response)
  }

  /** Kills the process and removes its data. Idempotent. */
  async close(): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #configPath(): string {
    return join(this.#folder, 'nats.conf')
  }

  #config(options: NatsServerOptions): string {
    const { jetStream = true, domain } = options
    const store = JSON.stringify(join(this.#folder, 'data'))
    return [
      `server_name: ${JSON.stringify(this.name)}`,
      `listen: "127.0.0.1:${this.port}"`,
      `http: "127.0.0.1:${this.monitorPort}"`,
      jetStream
        ? `jetstream { store_dir: ${store}${domain === undefined ? '' : `, domain: ${domain}`} }`
        : '',
      options.config ?? '',
    ].join('\n')
  }

  async #ready(child: ChildProcess): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const failed = (what: string): Error =>
      new Error(`nats-server ${this.name} ${what}:\n${this.#log}`)
    const late = patience(START_PATIENCE_MS, () => failed('did not get ready'))
    const onExit = (): void => reject(failed('ended'))
    child.once('exit', onExit)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-MAX_LOG_LENGTH)
      if (this.#log.includes('Server is ready')) resolve()
    })
    try {
      this.#log = ''
      await Promise.race([promise, late.over])
    } finally {
      late.callOff()
      child.off('exit', onExit)
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
    child.kill(signal)
    // A paused process takes no SIGTERM before it goes on.
    if (signal === 'SIGTERM') child.kill('SIGCONT')
    await gone
    this.#watchdog?.callOff()
    this.#watchdog = undefined
  }
}
