import { type Clock, createIdGenerator, createRecordCodec, type Random } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { keyOf } from './keyspace.ts'

/** A place in the log of one store. Sequences count from scratch in another store. */
export interface Position {
  /** Which store. */
  readonly store: string
  /** Which opening of it: what an earlier one wrote last may have been lost with the power. */
  readonly life: number
  readonly sequence: number
}

/** Whether the log of this store can be read on from a position. */
export type PositionVerdict = 'known' | 'foreign' | 'rewound'

interface LifeRecord {
  readonly store: string
  readonly lives: readonly (readonly [life: number, start: number])[]
}

/** Openings remembered; a position of an older one is foreign. */
const LIVES_MAX = 256

const codec = createRecordCodec<LifeRecord>({ version: 1 })
const KEY = keyOf('meta', ['life'])

/**
 * Who the store is and how often it was opened. Each opening notes where the log had ended: a
 * subscriber that had seen more than that has seen writes which a power cut took away.
 */
export class Life {
  readonly store: string
  readonly number: number
  readonly #starts: ReadonlyMap<number, number>

  private constructor(store: string, number: number, starts: ReadonlyMap<number, number>) {
    this.store = store
    this.number = number
    this.#starts = starts
  }

  /** Notes a new opening, durably. */
  static async begin(store: Store, clock: Clock, random: Random): Promise<Life> {
    const start = store.lastSequence
    const bytes = await store.get(KEY)
    const known = bytes === undefined ? undefined : codec.decode(bytes)
    const id = known?.store ?? createIdGenerator({ clock, random })()
    const number = (known?.lives.at(-1)?.[0] ?? 0) + 1
    const lives = [...(known?.lives ?? []), [number, start] as const].slice(-LIVES_MAX)
    await store.put(KEY, codec.encode({ store: id, lives }), { sync: 'always' })
    return new Life(id, number, new Map(lives))
  }

  /** This opening's place in the log at a sequence. */
  at(sequence: number): Position {
    return { store: this.store, life: this.number, sequence }
  }

  /** Judges a position that a subscriber came back with. */
  judge(position: Position): PositionVerdict {
    if (position.store !== this.store || !this.#starts.has(position.life)) return 'foreign'
    const next = this.#starts.get(position.life + 1)
    return next !== undefined && position.sequence > next ? 'rewound' : 'known'
  }
}
