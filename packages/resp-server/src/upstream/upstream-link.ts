import { open, rm } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { Timer } from '@ashlar/codec'
import { tlsToUpstream } from '../network/tls.ts'
import { importRdb } from '../rdb/move-data.ts'
import type { ServerContext } from '../server/context.ts'
import { receivePayload } from './payload.ts'
import { SocketReader } from './socket-reader.ts'
import { StreamApplier } from './stream-applier.ts'
import type { Offset } from './upstream-record.ts'

/** How often the primary hears how far this server is. */
const ACKNOWLEDGE_MS = 1000
/** Where the snapshot is kept until it is read. */
const SNAPSHOT_FILE = 'ashlar-resp.upstream'

export interface UpstreamLinkOptions {
  readonly server: ServerContext
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
  /** How far this server is in the history of the other, if it is in one. */
  readonly offset: Offset | undefined
  /** A snapshot has come: what is held makes room for it. */
  readonly onSnapshot: () => void
  /** Everything up to here is run, and is committed with what comes after this call. */
  readonly onProgress: (offset: Offset) => void
}

/** One connection to the server that is followed: handshake, snapshot if one is needed, stream. */
export class UpstreamLink {
  /** In the words of ROLE. */
  state: 'connecting' | 'handshake' | 'sync' | 'connected' = 'connecting'
  /** On the monotonic clock. */
  lastHeard: number
  /** A snapshot is read into memory and store. */
  isLoading = false
  readonly #options: UpstreamLinkOptions
  readonly #socket: Socket
  readonly #reader: SocketReader
  #applier: StreamApplier | undefined
  #heartbeat: Timer | undefined
  #relieved: (() => void) | undefined

  constructor(options: UpstreamLinkOptions) {
    const { server, host, port, signal } = options
    const { settings, clock } = server
    this.#options = options
    this.lastHeard = clock.monotonic()
    const socket = settings.tlsReplication
      ? connectTls({ host, port, ...tlsToUpstream(settings) })
      : connectTcp({ host, port, noDelay: true })
    this.#socket = socket
    const seconds = settings.replTimeoutSeconds
    socket.setTimeout(seconds * 1000, () => {
      socket.destroy(new Error(`nothing came for ${seconds} s`))
    })
    // who reads hears of it
    socket.on('error', () => {})
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    this.#reader = new SocketReader(socket)
  }

  /** How far the other server's history is run here; undefined before the stream begins. */
  get offset(): Offset | undefined {
    return this.#applier?.offset ?? this.#options.offset
  }

  /** Ends by rejecting, with the reason. */
  async run(): Promise<never> {
    try {
      this.#beat()
      const { offset, isNew } = await this.#handshake()
      if (isNew) await this.#load(offset)
      return await this.#stream(offset)
    } finally {
      this.#heartbeat?.cancel()
      this.#socket.destroy()
    }
  }

  /** The store has caught up. */
  relieve(): void {
    this.#relieved?.()
  }

  async #handshake(): Promise<{ readonly offset: Offset; readonly isNew: boolean }> {
    const { server, offset } = this.#options
    const { masterauth, masteruser } = server.settings
    const greeting = await this.#ask('PING')
    this.state = 'handshake'
    if (!/^(?:\+|-NOAUTH|-NOPERM|-ERR operation not permitted)/.test(greeting)) {
      throw new Error(`it answers PING with '${greeting}'`)
    }
    if (masterauth !== '') {
      const user = masteruser === '' ? [] : [masteruser]
      const answer = await this.#ask('AUTH', ...user, masterauth)
      if (!answer.startsWith('+')) throw new Error(`it refuses masterauth: '${answer}'`)
    }
    const { replicaAnnounceIp, replicaAnnouncePort } = server.settings
    // what an old server does not know of these does no harm
    const port = replicaAnnouncePort || server.port
    await this.#ask('REPLCONF', 'listening-port', String(port))
    if (replicaAnnounceIp !== '') await this.#ask('REPLCONF', 'ip-address', replicaAnnounceIp)
    await this.#ask('REPLCONF', 'capa', 'eof', 'capa', 'psync2')
    const answer =
      offset === undefined
        ? await this.#ask('PSYNC', '?', '-1')
        : await this.#ask('PSYNC', offset.id, String(offset.bytes + 1))
    const [word, id, bytes] = answer.split(' ')
    if (word === '+FULLRESYNC' && id !== undefined && /^\d+$/.test(bytes ?? '')) {
      return { offset: { id, bytes: Number(bytes), database: 0 }, isNew: true }
    }
    if (word === '+CONTINUE' && offset !== undefined) {
      return { offset: { ...offset, id: id ?? offset.id }, isNew: false }
    }
    throw new Error(`it answers PSYNC with '${answer}'`)
  }

  async #load(offset: Offset): Promise<void> {
    const { server, signal, onSnapshot } = this.#options
    const { settings, durability, runId } = server
    this.state = 'sync'
    const path = durability.isPersistent
      ? join(settings.dir, SNAPSHOT_FILE)
      : join(tmpdir(), `${SNAPSHOT_FILE}-${runId}`)
    try {
      const file = await open(path, 'w')
      try {
        await receivePayload(this.#reader, file)
      } finally {
        await file.close()
      }
      signal.throwIfAborted()
      this.isLoading = true
      onSnapshot()
      const { keys } = await importRdb(server, path, { keepsExpired: true, signal })
      server.logger.info('a snapshot of the followed server is loaded', { keys, ...offset })
    } finally {
      this.isLoading = false
      await rm(path, { force: true })
    }
  }

  async #stream(from: Offset): Promise<never> {
    const { server, signal, onProgress } = this.#options
    let isAsked = false
    const onAsked = (): void => {
      isAsked = true
    }
    const applier = new StreamApplier({ server, from, onAsked })
    this.#applier = applier
    this.state = 'connected'
    onProgress(applier.offset)
    server.endOfWork()
    this.#acknowledge()
    for (;;) {
      const chunk = await this.#reader.some()
      signal.throwIfAborted()
      this.lastHeard = server.clock.monotonic()
      try {
        applier.receive(chunk)
      } finally {
        onProgress(applier.offset)
        server.endOfWork()
      }
      if (isAsked) this.#acknowledge()
      isAsked = false
      if (server.durability.isOverloaded) await this.#relief()
    }
  }

  async #relief(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#relieved = resolve
    await promise
    this.#relieved = undefined
  }

  /** Tells how far this server is, with everything up to there handed to the operating system. */
  #acknowledge(): void {
    const { durability } = this.#options.server
    const bytes = this.#applier?.offset.bytes
    if (bytes === undefined || !durability.writeOut()) return
    this.#send('REPLCONF', 'ACK', String(bytes))
  }

  #beat(): void {
    this.#heartbeat = this.#options.server.clock.setTimer(() => {
      if (this.state === 'connected') this.#acknowledge()
      // a primary that hears nothing while its snapshot is read would close
      else if (this.isLoading) this.#socket.write('\n')
      this.#beat()
    }, ACKNOWLEDGE_MS)
  }

  async #ask(...words: readonly string[]): Promise<string> {
    this.#send(...words)
    const answer = await this.#reader.line()
    this.lastHeard = this.#options.server.clock.monotonic()
    return answer
  }

  #send(...words: readonly string[]): void {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`)
  }
}
