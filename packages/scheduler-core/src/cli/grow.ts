import { ClusterScheduler } from '../cluster/cluster-scheduler.ts'
import { CommandFailed } from './commands.ts'
import { numberOf } from './load-handlers.ts'
import { openNats } from './nats-transport.ts'
import { Progress, printJson } from './output.ts'

/** Between looks at how far it has come. */
const LOOK_MS = 200
const MOST = 1_024

export interface GrowFlags {
  readonly nats?: string
  readonly namespace?: string
  readonly timeout: string
  readonly json?: boolean
}

/** Makes more partitions of a running cluster, and waits until they are there. */
export async function grow(wanted: string, flags: GrowFlags): Promise<void> {
  if (flags.nats === undefined) throw new RangeError('grow needs --nats <urls>')
  const partitions = numberOf(wanted, 'the number of partitions', MOST)
  const signal = AbortSignal.timeout(numberOf(flags.timeout, '--timeout', 86_400) * 1_000)
  const transport = await openNats(flags.nats)
  try {
    await using scheduler: ClusterScheduler = await ClusterScheduler.open({
      transport,
      handlers: {},
      run: false,
      createIfMissing: false,
      ...(flags.namespace !== undefined && { namespace: flags.namespace }),
    })
    const before = scheduler.partitions().length
    const progress = new Progress('partitions', partitions)
    const look = setInterval(() => progress.at(scheduler.partitions().length), LOOK_MS)
    try {
      await scheduler.grow(partitions, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
      const now = scheduler.partitions().length
      throw new CommandFailed(`${now} of ${partitions} partitions so far: the cluster goes on`)
    } finally {
      clearInterval(look)
      progress.end()
    }
    if (flags.json === true) printJson({ before, partitions })
    else console.log(`${before} partitions have become ${partitions}`)
  } finally {
    await transport.close()
  }
}
