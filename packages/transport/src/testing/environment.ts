import type { Transport } from '../transport.ts'

/** How a case wants its connection. */
export interface ConformanceConnectOptions {
  /** Messages that `publish` keeps while disconnected; asked for only when `disconnects`. */
  readonly maxOfflineMessages?: number
}

/** One network and its store, made for one test. */
export interface ConformanceEnvironment {
  /** Opens a connection; all connections of an environment reach each other. */
  connect(options?: ConformanceConnectOptions): Promise<Transport>
  /** Lets this much time pass. Default: waits for real; with a virtual clock, advances it. */
  elapse?(ms: number): Promise<void>
  /** Shortest lease that renewals surely keep here. Default 300; longer where answers take longer. */
  readonly leaseTtlMs?: number
  /** Cuts a connection off; with feature `disconnects`. */
  disconnect?(transport: Transport): Promise<void>
  /** Heals it; resolves when it is connected again. */
  reconnect?(transport: Transport): Promise<void>
  /** Closes all connections and brings the store back as after a restart; with `restarts`. */
  restart?(): Promise<void>
  /** Called after each test, also after a failed one; connections may still be open. */
  close(): Promise<void>
}
