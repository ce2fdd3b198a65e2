import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NatsServer } from '@ashlar/transport/testing'
import type { Request } from './contestant-child.ts'
import type { Place } from './contestants/contestant.ts'
import { type PostgresServer, startPostgres } from './servers/postgres.ts'
import { type RedisServer, startRedis } from './servers/redis.ts'

const CHILD = fileURLToPath(new URL('./contestant-child.ts', import.meta.url))

interface Answer {
  readonly result?: unknown
  readonly error?: string
}

/** The servers and the contestants' processes; each is started when first needed. */
export class Arena {
  readonly #folder = mkdtempSync(join(tmpdir(), 'scheduler-bench-'))
  readonly #children = new Map<string, ChildProcess>()
  #redis: Promise<RedisServer> | undefined
  #postgres: Promise<PostgresServer> | undefined
  #nats: Promise<NatsServer> | undefined

  /** One scenario of one contestant: what it measured. */
  async call<T>(name: string, scenario: Request['scenario'], ...args: number[]): Promise<T> {
    const child = this.#children.get(name) ?? (await this.#start(name))
    child.send({ scenario, args } satisfies Request)
    return (await this.#answer(name, child)) as T
  }

  /** kill -9: nothing is closed. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)
    if (child === undefined) return
    this.#children.delete(name)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async close(): Promise<void> {
    for (const name of this.#children.keys()) await this.kill(name)
    const servers = await Promise.allSettled([this.#redis, this.#postgres])
    for (const server of servers) if (server.status === 'fulfilled') await server.value?.stop()
    await (await this.#nats)?.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #start(name: string): Promise<ChildProcess> {
    const folder = join(this.#folder, name)
    mkdirSync(folder, { recursive: true })
    const postgresUrl = /graphile|pg-boss/.test(name) ? (await this.#postgresServer()).url : ''
    const redis = name === 'bullmq' ? await this.#redisServer() : undefined
    const { port: redisPort = 0, folder: redisFolder = '' } = redis ?? {}
    const natsUrl = /jetstream|bare-append/.test(name) ? (await this.#natsServer()).url : ''
    const place: Place = { folder, redisPort, redisFolder, postgresUrl, natsUrl }
    const child = fork(CHILD, [name, JSON.stringify(place)], {
      execArgv: ['--conditions=@ashlar/source', '--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#children.set(name, child)
    await this.#answer(name, child)
    return child
  }

  async #answer(name: string, child: ChildProcess): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const ended = (code: number | null): void => reject(new Error(`${name} ended with ${code}`))
    child.once('message', resolve)
    child.once('exit', ended)
    const { result, error } = await promise
    child.off('exit', ended)
    if (error !== undefined) throw new Error(`${name}: ${error}`)
    return result
  }

  #natsServer(): Promise<NatsServer> {
    this.#nats ??= NatsServer.start()
    return this.#nats
  }

  #redisServer(): Promise<RedisServer> {
    this.#redis ??= startRedis(join(this.#folder, 'redis'))
    return this.#redis
  }

  #postgresServer(): Promise<PostgresServer> {
    chmodSync(this.#folder, 0o711) // the server's own user has to pass through
    this.#postgres ??= startPostgres(join(this.#folder, 'postgres'))
    return this.#postgres
  }
}
