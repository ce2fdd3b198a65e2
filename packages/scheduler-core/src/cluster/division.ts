import type { Log } from '@ashlar/transport'
import { isSchedulerError, SchedulerError } from '../errors.ts'
import { LocalCopy } from '../replica/local-copy.ts'
import { takeOver } from '../replica/log-reader.ts'
import { isPassing, LogWriter } from '../replica/log-writer.ts'
import { SPLIT_FORMAT } from '../scheduler/recover.ts'
import { Layout } from '../storage/layout.ts'
import { storeLedger } from '../storage/ledger.ts'
import { childPrefix, LOG_SUBJECT } from './names.ts'
import type { ResolvedClusterOptions } from './options.ts'
import type { Split } from './partition-map.ts'
import { prune } from './prune.ts'
import { readShare, type Share, writeShare } from './share.ts'
import type { Topology } from './topology.ts'

export interface DivisionOptions {
  readonly options: ResolvedClusterOptions
  readonly topology: Topology
  readonly partition: number
  /** The owner's fencing token: whoever comes later undoes what this one has not finished. */
  readonly epoch: number
  /** The partition as its log says it is; nothing else works on it. */
  readonly copy: LocalCopy
  /** To the partition's log. */
  readonly writer: LogWriter
  readonly isHeld: () => boolean
  readonly onError: (error: unknown) => void
}

/**
 * Brings a partition into the form that the map of partitions says, before its owner begins to work on
 * it: splits it when it is the next one to be split, and removes what has moved. Every step may be the
 * last one of this owner: docs/cluster.md says what the next finds and does.
 */
export class Division {
  readonly #options: DivisionOptions
  readonly #layout: Layout

  constructor(options: DivisionOptions) {
    this.#options = options
    this.#layout = new Layout(options.copy.prefix)
  }

  /**
   * Resolves with the modulus of what the partition holds from here on. Rejects with `PARTITION_LOST`
   * when the partition has to be taken over anew.
   */
  async settle(): Promise<number> {
    const { topology, partition } = this.#options
    await topology.refresh()
    // Its next turn to be split may follow at once.
    for (let divided = true; divided; ) {
      await this.#pruneTo(topology.modulusOf(partition))
      const { due } = topology
      divided = due?.parent === partition && (await this.#divideIfPossible(due))
    }
    const modulus = topology.modulusOf(partition)
    // A bucket may be read late. That of the log is the latest: a map that is older is not used.
    if (this.#share.intended > modulus && topology.due?.parent !== partition) {
      throw new SchedulerError('PARTITION_LOST', 'the map of partitions was read late')
    }
    return modulus
  }

  get #share(): Share {
    const { copy, topology } = this.#options
    const { base } = topology
    return readShare(copy.store, this.#layout) ?? { pruned: base, intended: base }
  }

  /** False: something hinders the split for good, which must not hinder the work on the partition. */
  async #divideIfPossible(split: Split): Promise<boolean> {
    const { topology, epoch } = this.#options
    if (!(await topology.claim(split, epoch))) return true
    try {
      await this.#divide(split)
    } catch (error) {
      if (isPassing(error) || isSchedulerError(error, 'PARTITION_LOST')) throw error
      this.#options.onError(error)
      return false
    }
    // Its answer may be lost; then all is begun anew, and the bucket says what it came to.
    await topology.publish(split, epoch)
    return true
  }

  async #divide(split: Split): Promise<void> {
    // Where no step waits for a disk or a network, timers would wait for all of them.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#intend(split.modulus)
    const { log, sequence } = await this.#emptyLogOf(split.child)
    const child = new LocalCopy(this.#options.copy.store, childPrefix(split.child))
    try {
      await this.#fill(child, split)
      await this.#store(child, log, sequence)
    } finally {
      await child.clear()
    }
  }

  /** Written before the map can change: whoever reads this log knows that it may have. */
  async #intend(intended: number): Promise<void> {
    const { copy, writer } = this.#options
    const ledger = copy.ledger(writer)
    const batch = ledger.batch()
    batch.put(this.#layout.single('format'), Uint8Array.of(SPLIT_FORMAT))
    writeShare(batch, this.#layout, { pruned: this.#share.pruned, intended })
    await ledger.write(batch)
  }

  /** No earlier owner of the parent can write to the log any more, and what one has written is gone. */
  async #emptyLogOf(child: number): Promise<{ readonly log: Log; readonly sequence: number }> {
    const { options, epoch } = this.#options
    const { transport, names } = options
    const log = await transport.log(names.log(child), { subjects: [LOG_SUBJECT] })
    const sequence = await takeOver(log, LOG_SUBJECT, epoch)
    await log.purge({ beforeSequence: sequence })
    return { log, sequence }
  }

  /** All of the parent, less what does not move. */
  async #fill(child: LocalCopy, { child: number, modulus }: Split): Promise<void> {
    const { copy } = this.#options
    await child.clear()
    await copy.copyTo(child)
    const ledger = storeLedger(child.store, { sync: 'none' })
    await prune({
      store: child.store,
      prefix: child.prefix,
      ledger,
      holds: (hash) => hash % modulus === number,
      holdsRest: false,
    })
    const batch = ledger.batch()
    writeShare(batch, new Layout(child.prefix), { pruned: modulus, intended: modulus })
    await ledger.write(batch)
  }

  async #store(child: LocalCopy, log: Log, sequence: number): Promise<void> {
    const { options, epoch, isHeld } = this.#options
    const { transport, clock } = options
    const writer = new LogWriter({
      log,
      subject: LOG_SUBJECT,
      epoch,
      sequence,
      maxPayloadBytes: transport.supports.maxPayloadBytes,
      clock,
      isHeld,
    })
    await child.rewrite(writer, () => false)
  }

  async #pruneTo(modulus: number): Promise<void> {
    const { copy, writer, partition } = this.#options
    const { pruned, intended } = this.#share
    if (pruned >= modulus) return
    const ledger = copy.ledger(writer)
    await prune({
      store: copy.store,
      prefix: copy.prefix,
      ledger,
      holds: (hash) => hash % modulus === partition,
      holdsRest: true,
    })
    const batch = ledger.batch()
    writeShare(batch, this.#layout, { pruned: modulus, intended: Math.max(intended, modulus) })
    await ledger.write(batch)
  }
}
