/** What {@link closeOnSignal} may be told. */
export interface CloseOnSignalOptions {
  /** Default `SIGTERM` and `SIGINT`. */
  readonly signals?: readonly NodeJS.Signals[]
}

/** Waits for a signal; `dispose` stops waiting. */
export interface SignalWatch extends Disposable {
  /** Resolves with the signal when all is closed; rejects with what closing threw. */
  readonly closed: Promise<NodeJS.Signals>
}

/** Something to be closed, or how. */
export type Closing = { close(): Promise<unknown> } | (() => Promise<unknown>)

/**
 * Closes things, one after the other, when the process is told to end: list first what brings new
 * work (an HTTP server), then the scheduler, then its store. A scheduler stops starting tasks and
 * waits for those that run; what is not done in time runs again at the next opening.
 *
 * The process itself ends when nothing keeps it any more. A second signal ends it at once, as if this
 * had not been called.
 *
 * @example
 * ```ts
 * const { closed } = closeOnSignal([app, () => scheduler.close({ drainMs: 20_000 })])
 * await closed
 * ```
 */
export function closeOnSignal(
  closings: readonly Closing[],
  options: CloseOnSignalOptions = {},
): SignalWatch {
  const { signals = ['SIGTERM', 'SIGINT'] } = options
  const { promise: closed, resolve, reject } = Promise.withResolvers<NodeJS.Signals>()
  const stopWaiting = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    stopWaiting()
    closeAll(closings).then(() => resolve(signal), reject)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return { closed, [Symbol.dispose]: stopWaiting }
}

/** All are closed, also when one of them throws. */
async function closeAll(closings: readonly Closing[]): Promise<void> {
  const errors: unknown[] = []
  for (const closing of closings) {
    try {
      await (typeof closing === 'function' ? closing() : closing.close())
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'closing failed')
}
