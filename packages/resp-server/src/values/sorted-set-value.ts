import { Collection, type EncodingLimits } from './collection.ts'
import { IndexedMap } from './indexed-map.ts'
import { writeLatin1 } from './latin1.ts'
import { ScoreOrder } from './score-order.ts'

const scratch = Buffer.alloc(8)

/** Members with scores, in order of (score, member bytes). */
export class SortedSetValue extends Collection {
  readonly type = 'zset'
  readonly #scores = new IndexedMap<number>()
  readonly order: ScoreOrder = new ScoreOrder()
  #longest = 0
  #most = 0

  override get elements(): IndexedMap<number> {
    return this.#scores
  }

  get size(): number {
    return this.#scores.size
  }

  /** Dense and in no particular order: for random picks and scans. */
  get dense(): readonly string[] {
    return this.#scores.keys
  }

  score(member: string): number | undefined {
    return this.#scores.get(member)
  }

  /** Where the member stands until the next removal; -1 when it is not there. */
  slot(member: string): number {
    return this.#scores.slot(member)
  }

  scoreAt(slot: number): number {
    return this.#scores.values[slot] as number
  }

  /** True when the member is new. */
  set(member: string, score: number): boolean {
    const slot = this.slot(member)
    if (slot === -1) this.add(member, score)
    else this.rescore(slot, score)
    return slot === -1
  }

  /** For a member that is not there. */
  add(member: string, score: number): void {
    this.#insert(member, score)
    this.touchAt(member, this.size - 1)
  }

  rescore(slot: number, score: number): void {
    const before = this.scoreAt(slot)
    const stored = score === 0 ? 0 : score
    if (before === stored) return
    const member = this.dense[slot] as string
    this.order.remove(before, member)
    this.order.insert(stored, member)
    this.#scores.replace(slot, stored)
    this.touchAt(member, slot)
  }

  delete(member: string): boolean {
    const score = this.#scores.get(member)
    if (score === undefined) return false
    this.#scores.delete(member)
    this.order.remove(score, member)
    this.touch(member)
    return true
  }

  rank(member: string): number | undefined {
    const score = this.#scores.get(member)
    return score === undefined ? undefined : this.order.rank(score, member)
  }

  encodeElement(member: string, before: number): number | undefined {
    const slot = this.#scores.slotNear(member, before)
    return slot === -1 ? undefined : this.scoreAt(slot)
  }

  restoreElement(member: string, value: string): void {
    writeLatin1(scratch, value, 0)
    this.#insert(member, scratch.readDoubleBE(0))
  }

  touchAll(): void {
    for (let slot = 0; slot < this.size; slot += 1) this.touchAt(this.dense[slot] as string, slot)
  }

  clone(): SortedSetValue {
    const copy = new SortedSetValue()
    this.order.visit(0, this.size, false, (member, score) => copy.#insert(member, score))
    return copy
  }

  encoding(limits: EncodingLimits): string {
    const small =
      this.#most <= limits.zsetMaxListpackEntries && this.#longest <= limits.zsetMaxListpackValue
    return small ? 'listpack' : 'skiplist'
  }

  memoryBytes(): number {
    return 300 + this.#scores.size * 80 + this.#scores.bytes
  }

  #insert(member: string, score: number): void {
    // Redis' compact encoding keeps whole scores as integers, which know no -0
    const stored = score === 0 ? 0 : score
    this.#scores.add(member, stored)
    this.order.insert(stored, member)
    if (member.length > this.#longest) this.#longest = member.length
    if (this.#scores.size > this.#most) this.#most = this.#scores.size
  }
}
