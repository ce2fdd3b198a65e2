import { ClusterScheduler } from '../cluster/cluster-scheduler.ts'
import { closeOnSignal } from '../scheduler/close-on-signal.ts'
import { loadHandlers, numberOf } from './load-handlers.ts'
import { openNats } from './nats-transport.ts'
import { printJson } from './output.ts'

export interface WorkFlags {
  readonly nats?: string
  readonly namespace?: string
  readonly handlers?: string
  readonly replicas: string
  readonly concurrency: string
  readonly drainMs: string
  readonly json?: boolean
}

/** Runs tasks of a cluster until SIGINT or SIGTERM. */
export async function work(flags: WorkFlags): Promise<void> {
  if (flags.nats === undefined) throw new RangeError('work needs --nats <urls>')
  if (flags.handlers === undefined) throw new RangeError('work needs --handlers <module>')
  const replicas = numberOf(flags.replicas, '--replicas', 5)
  const concurrency = numberOf(flags.concurrency, '--concurrency', 100_000)
  const drainMs = numberOf(flags.drainMs, '--drain-ms', 86_400_000)
  const handlers = await loadHandlers(flags.handlers)
  const transport = await openNats(flags.nats, replicas)
  try {
    const scheduler = await ClusterScheduler.open({
      transport,
      handlers,
      concurrency,
      drainMs,
      keepAlive: true,
      ...(flags.namespace !== undefined && { namespace: flags.namespace }),
      events: {
        onError: ({ error, where }) => console.error(`${where}: ${String(error)}`),
      },
    })
    const { closed } = closeOnSignal([scheduler])
    const names = Object.keys(handlers)
    if (flags.json === true) printJson({ member: scheduler.id, handlers: names })
    else console.log(`Running as ${scheduler.id}: ${names.join(', ')}`)
    await closed
  } finally {
    await transport.close()
  }
}
