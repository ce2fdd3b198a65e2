import type { CloseOptions } from './scheduler.ts'

/** What {@link closeOnSignal} may be told. */
export interface CloseOnSignalOptions extends CloseOptions {
  /** Default `SIGTERM` and `SIGINT`. */
  readonly signals?: readonly NodeJS.Signals[]
}

/** Waits for a signal; `dispose` stops waiting. */
export interface SignalWatch extends Disposable {
  /** Resolves with the signal when all is closed; rejects with what closing threw. */
  readonly closed: Promise<NodeJS.Signals>
}

interface Closable {
  close(options?: CloseOptions): Promise<void>
}

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
 * const { closed } = closeOnSignal([server, scheduler], { drainMs: 20_000 })
 * await closed
 * ```
 */
export function closeOnSignal(
  closables: readonly Closable[],
  options: CloseOnSignalOptions = {},
): SignalWatch {
  const { signals = ['SIGTERM', 'SIGINT'], ...close } = options
  const { promise: closed, resolve, reject } = Promise.withResolvers<NodeJS.Signals>()
  const stopWaiting = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    stopWaiting()
    closeAll(closables, close).then(() => resolve(signal), reject)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return { closed, [Symbol.dispose]: stopWaiting }
}

/** All are closed, also when one of them throws. */
async function closeAll(closables: readonly Closable[], options: CloseOptions): Promise<void> {
  const errors: unknown[] = []
  for (const closable of closables) {
    try {
      await closable.close(options)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'closing failed')
}
