import type { Settings } from '../config/settings.ts'
import type { Connection, ConnectionHost } from './connection.ts'
import { Listener, type ListenTarget, type ReadPath } from './listener.ts'
import type { TlsSource } from './tls.ts'

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
    if (this.port !== 0) settings.port = this.port
    if (this.tlsPort !== 0) settings.tlsPort = this.tlsPort
  }

  /** Reads keys and certificates again, for connections from now on. */
  renew(): void {
    const { tls } = this.#options
    if (tls === undefined) return
    for (const listener of this.#listeners) listener.renew(tls)
  }

  /** Accepts no more. Connections stay as they are. */
  close(): void {
    for (const listener of this.#listeners) listener.close()
  }

  async #open(target: ListenTarget): Promise<void> {
    const { host, readPath, onConnection, refuse } = this.#options
    this.#listeners.push(await Listener.open(host, target, readPath, onConnection, refuse))
  }

  #portOf(isEncrypted: boolean): number {
    const listener = this.#listeners.find(
      (one) => one.port !== undefined && one.isEncrypted === isEncrypted,
    )
    return listener?.port ?? 0
  }
}
