import type { Settings } from '../config/settings.ts'
import type { Connection, ConnectionHost } from './connection.ts'
import { Listener, type ListenTarget, type ReadPath } from './listener.ts'
import { type TlsSource, tlsFromSettings } from './tls.ts'

export interface ListenersOptions {
  readonly host: ConnectionHost
  readonly settings: Settings
  readonly readPath: ReadPath
  readonly listensOnTcp: boolean
  readonly tls: TlsSource | undefined
  readonly onConnection: (connection: Connection) => void
  /** The error line for a connection that is one too many, besides those that are only beginning. */
  readonly refuse: (beginning: number) => string | undefined
}

/** Everything that a server listens on. */
export class Listeners {
  readonly #options: ListenersOptions
  #listeners: Listener[] = []
  #changing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: ListenersOptions) {
    this.#options = options
  }

  /** The first TCP port without encryption, 0 without one. */
  get port(): number {
    return this.#portOf(false)
  }

  /** The first TCP port of encrypted connections, 0 without one. */
  get tlsPort(): number {
    return this.#portOf(true)
  }

  /** Rejects with LISTEN_FAILED. A port of 0 becomes the one that was free. */
  async open(): Promise<void> {
    const { settings, listensOnTcp, tls } = this.#options
    for (const host of settings.bind) {
      if (listensOnTcp) await this.#open({ host, port: this.port || settings.port })
      if (tls !== undefined) await this.#open({ host, port: this.tlsPort || tls.port, tls })
    }
    if (settings.unixsocket !== '') {
      await this.#open({ path: settings.unixsocket, pathMode: settings.unixsocketperm })
    }
    settings.port = this.port
    settings.tlsPort = this.tlsPort
  }

  /**
   * Changes settings and listens on their ports and addresses instead; connections stay as they are. Rejects
   * with LISTEN_FAILED when that cannot be: then all is as before.
   */
  change(apply: (settings: Settings) => void): Promise<void> {
    const work = this.#changing.then(() => this.#change(apply))
    // whoever asked is told
    this.#changing = work.catch(() => {})
    return work
  }

  /** Reads keys and certificates again, for connections from now on. */
  renew(): void {
    const { tls = tlsFromSettings(this.#options.settings) } = this.#options
    if (tls === undefined) return
    for (const listener of this.#listeners) listener.renew(tls)
  }

  /** Accepts no more. Connections stay as they are. */
  close(): void {
    this.#isClosed = true
    for (const listener of this.#listeners) listener.close()
  }

  async #change(apply: (settings: Settings) => void): Promise<void> {
    const trial = { ...this.#options.settings }
    apply(trial)
    const before = this.#listeners
    const wanted = this.#targets(trial)
    const added = wanted.filter((target) => !before.some((one) => isAt(one, target)))
    const dropped = before.filter(
      (one) => one.target.path === undefined && !wanted.some((target) => isAt(one, target)),
    )
    // 0.0.0.0 and 127.0.0.1 cannot have the same port at once; otherwise nobody finds the door closed
    const inTheWay = dropped.filter(({ port }) => added.some((target) => target.port === port))
    const back = inTheWay.map(({ target, port = 0 }) => ({ ...target, port }))
    for (const one of inTheWay) one.close()
    this.#listeners = before.filter((one) => !inTheWay.includes(one))
    const kept = this.#listeners.length
    try {
      for (const target of added) await this.#open(target)
    } catch (error) {
      for (const one of this.#listeners.splice(kept)) one.close()
      for (const target of back) await this.#open(target)
      throw error
    }
    for (const one of dropped) one.close()
    this.#listeners = this.#listeners.filter((one) => !dropped.includes(one))
    apply(this.#options.settings)
  }

  #targets(settings: Settings): ListenTarget[] {
    const { port, tlsPort, bind } = settings
    const { tls = tlsFromSettings(settings) } = this.#options
    return bind.flatMap((host) => [
      ...(port === 0 ? [] : [{ host, port }]),
      ...(tlsPort === 0 || tls === undefined ? [] : [{ host, port: tlsPort, tls }]),
    ])
  }

  async #open(target: ListenTarget): Promise<void> {
    const { host, readPath, onConnection, refuse } = this.#options
    const listener = await Listener.open(host, target, readPath, onConnection, refuse)
    // closed while it was opened
    if (this.#isClosed) listener.close()
    else this.#listeners.push(listener)
  }

  #portOf(isEncrypted: boolean): number {
    const listener = this.#listeners.find(
      (one) => one.port !== undefined && one.isEncrypted === isEncrypted,
    )
    return listener?.port ?? 0
  }
}

const isAt = (listener: Listener, { host, port, tls }: ListenTarget): boolean =>
  listener.target.host === host &&
  listener.port === port &&
  listener.isEncrypted === (tls !== undefined)
