import { checkName } from '../checks.ts'
import type { Kernel } from './kernel.ts'

/** A part of a queue to pause or resume. */
export interface PauseOptions {
  readonly key: string
  /** Whose key it is. */
  readonly tenant?: string
}

/** Of a queue, or of one key in it. */
export function setPaused(
  kernel: Kernel,
  name: string,
  of: PauseOptions | undefined,
  paused: boolean,
): void {
  checkName(name, 'queue')
  const { directory, journal, observer } = kernel
  if (of === undefined) {
    const { base, streams } = directory.ensure(name).group
    base.group.paused = paused
    directory.save(base)
    if (!paused) for (const stream of streams) kernel.partitionOf(stream).wake()
    observer.tell(paused ? 'onPaused' : 'onResumed', { queue: name })
    return
  }
  const { key, tenant } = of
  checkName(key, 'key')
  if (tenant !== undefined) checkName(tenant, 'tenant')
  const partition = kernel.partitionOf(directory.ensure(name, tenant))
  partition.setKeyPaused(journal.begin(), key, paused)
}
