import { Violation } from '../../world/violation.ts'
import type { StoreOp } from './store-ops.ts'

/** What a key holds. */
export interface Held {
  readonly value: string
  /** Sequence of the operation that wrote it. */
  readonly version: number
  /** Wall clock from which on it counts as deleted. */
  readonly expiresAt: number
}

/** Keys with what they hold, by `<space>/<key>`. */
export type StoreContent = ReadonlyMap<string, Held>

interface Batch {
  readonly operations: readonly StoreOp[]
  /** Sequence of its last operation. */
  readonly sequence: number
  readonly writtenAtMs: number
  /** Acknowledged as being with the operating system. */
  written: boolean
  /** Acknowledged as being on the disk. */
  durable: boolean
}

/** All batches that a store took, in order: what it may show is the outcome of some of the first. */
export class StoreHistory {
  #batches: Batch[] = []
  #content = new Map<string, Held>()

  get lastSequence(): number {
    return this.#batches.at(-1)?.sequence ?? 0
  }

  /** What the store holds now, what has ended by then included. */
  get content(): StoreContent {
    return this.#content
  }

  /** True when the key holds something that was written after this sequence. */
  hasChanged(space: string, key: string, since: number): boolean {
    return (this.#content.get(`${space}/${key}`)?.version ?? 0) > since
  }

  /** The store has taken a batch; the result is to be told of its acknowledgement. */
  add(operations: readonly StoreOp[], atMs: number): (durable: boolean) => void {
    const sequence = this.lastSequence + operations.length
    const batch = { operations, sequence, writtenAtMs: atMs, written: false, durable: false }
    this.#batches.push(batch)
    apply(this.#content, batch)
    return (durable) => {
      batch.written = true
      batch.durable ||= durable
    }
  }

  /** Everything written up to a sequence is on the disk. */
  synced(sequence: number): void {
    for (const batch of this.#batches) if (batch.sequence <= sequence) batch.durable = true
  }

  /** What was acknowledged before this time is on the disk: the promise of an interval. */
  syncedBefore(atMs: number): void {
    for (const batch of this.#batches) {
      if (batch.written && batch.writtenAtMs <= atMs) batch.durable = true
    }
  }

  /** A store that had no space has gone back to this sequence; none beyond may have been acknowledged. */
  undoTo(sequence: number): void {
    const lost = this.#batches.filter((batch) => batch.sequence > sequence)
    if (lost.some(({ written }) => written)) {
      throw new Violation('durability', `acknowledged batches after ${sequence} are undone`)
    }
    this.#batches = this.#batches.filter((batch) => batch.sequence <= sequence)
    this.#content = new Map()
    for (const batch of this.#batches) apply(this.#content, batch)
  }

  /**
   * A reopened store has come back with this sequence: the batches beyond it are gone, none of which
   * may have been acknowledged for good.
   */
  cutTo(sequence: number, because: 'kill' | 'power'): void {
    const end = this.#batches.findIndex((batch) => batch.sequence > sequence)
    const kept = end === -1 ? this.#batches : this.#batches.slice(0, end)
    const last = kept.at(-1)?.sequence ?? 0
    if (last !== sequence) {
      throw new Violation('atomicity', `sequence ${sequence} is within a batch, after ${last}`)
    }
    const lost = this.#batches.slice(kept.length)
    const promised = lost.filter((batch) => (because === 'power' ? batch.durable : batch.written))
    const [first] = promised
    if (first !== undefined) {
      throw new Violation(
        'durability',
        `${promised.length} acknowledged batches are lost (${because}): ${first.sequence} of ` +
          `${this.lastSequence}, the store came back with ${sequence}`,
      )
    }
    this.#batches = kept
    this.#content = new Map()
    for (const batch of kept) {
      batch.written = true
      batch.durable = true // what was recovered is not lost by a later cut
      apply(this.#content, batch)
    }
  }

  /** Sequence of the last batch that was acknowledged. */
  get acknowledged(): number {
    return this.#batches.findLast((batch) => batch.written)?.sequence ?? 0
  }

  /** The batches from one sequence to another, as `[sequence, operations]`. */
  between(after: number, through: number): [number, readonly StoreOp[]][] {
    return this.#batches
      .filter(({ sequence }) => sequence > after && sequence <= through)
      .map(({ sequence, operations }) => [sequence, operations])
  }
}

function concerns(op: StoreOp, key: string): boolean {
  return op.type === 'deleteRange' ? key >= op.key && key < op.to : op.key === key
}

function apply(content: Map<string, Held>, { operations, sequence }: Batch): void {
  let version = sequence - operations.length
  for (const op of operations) {
    version += 1
    const name = `${op.space}/${op.key}`
    if (op.type === 'put') {
      content.set(name, { value: op.value, version, expiresAt: op.expiresAt ?? Infinity })
    } else if (op.type === 'delete') content.delete(name)
    else if (op.type === 'ingest') {
      const held = { value: op.value, version, expiresAt: Infinity }
      for (const key of op.keys) content.set(`${op.space}/${key}`, held)
    } else if (op.type === 'merge') {
      const before = content.get(name)?.value ?? ''
      content.set(name, { value: before + op.value, version, expiresAt: Infinity })
    } else {
      for (const other of content.keys()) {
        const [space, key = ''] = other.split('/')
        if (space === op.space && concerns(op, key)) content.delete(other)
      }
    }
  }
}
