import { parse } from '../replication/member.ts'
import { SLOTS } from './key-slot.ts'

export type SlotRange = readonly [first: number, last: number]

/** A slot on its way from one group to another. */
export interface Move {
  readonly slot: number
  readonly from: string
  readonly to: string
}

/** As it stands in the transport's key-value, in JSON. */
interface SlotRecord {
  /** Grows with every change. */
  readonly epoch: number
  /** Ranges of each group. */
  readonly groups: Readonly<Record<string, readonly SlotRange[]>>
  readonly moves: readonly Move[]
}

/** Which group has which slot. Never changed: a change makes another one. */
export class SlotMap {
  readonly epoch: number
  readonly moves: ReadonlyMap<number, Move>
  readonly #owners: readonly (string | undefined)[]

  constructor(
    epoch: number,
    owners: readonly (string | undefined)[],
    moves: ReadonlyMap<number, Move>,
  ) {
    this.epoch = epoch
    this.#owners = owners
    this.moves = moves
  }

  static readonly empty: SlotMap = new SlotMap(0, new Array<undefined>(SLOTS), new Map())

  /** Undefined for bytes that are no slot map. */
  static decode(bytes: Uint8Array): SlotMap | undefined {
    const record = parse(bytes) as Partial<SlotRecord> | undefined
    const { epoch, groups, moves } = record ?? {}
    if (typeof epoch !== 'number' || typeof groups !== 'object' || !Array.isArray(moves)) {
      return undefined
    }
    const owners = new Array<string | undefined>(SLOTS)
    for (const [group, ranges] of Object.entries(groups)) {
      for (const [first, last] of ranges) owners.fill(group, first, last + 1)
    }
    return new SlotMap(epoch, owners, new Map(moves.map((move) => [move.slot, move])))
  }

  toJson(): SlotRecord {
    const groups: Record<string, SlotRange[]> = {}
    for (const { group, range } of this.ranges) {
      groups[group] ??= []
      groups[group].push(range)
    }
    return { epoch: this.epoch, groups, moves: [...this.moves.values()] }
  }

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot]
  }

  /** Ranges with their group, in order of slots. */
  get ranges(): { readonly group: string; readonly range: SlotRange }[] {
    const ranges: { group: string; range: SlotRange }[] = []
    for (let first = 0; first < SLOTS; ) {
      const group = this.#owners[first]
      let last = first
      while (last + 1 < SLOTS && this.#owners[last + 1] === group) last += 1
      if (group !== undefined) ranges.push({ group, range: [first, last] })
      first = last + 1
    }
    return ranges
  }

  get assigned(): number {
    return this.ranges.reduce((sum, { range: [first, last] }) => sum + last - first + 1, 0)
  }

  /** The same with some slots given to a group, or to none; whatever moved there has arrived. */
  give(slots: Iterable<number>, group: string | undefined): SlotMap {
    const owners = [...this.#owners]
    const moves = new Map(this.moves)
    for (const slot of slots) {
      owners[slot] = group
      moves.delete(slot)
    }
    return new SlotMap(this.epoch + 1, owners, moves)
  }

  /** The same with a slot on its way, or with `to` undefined no longer. */
  move(slot: number, from: string, to: string | undefined): SlotMap {
    const moves = new Map(this.moves)
    if (to === undefined) moves.delete(slot)
    else moves.set(slot, { slot, from, to })
    return new SlotMap(this.epoch + 1, this.#owners, moves)
  }
}
