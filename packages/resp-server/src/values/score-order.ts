/** Blocks split at this size: a splice in one moves a few hundred words at most. */
const BLOCK_MAX = 512

interface Block {
  readonly members: string[]
  readonly scores: number[]
}

const compare = (aScore: number, aMember: string, bScore: number, bMember: string): number => {
  if (aScore !== bScore) return aScore < bScore ? -1 : 1
  if (aMember === bMember) return 0
  return aMember < bMember ? -1 : 1
}

/**
 * Members by (score, bytes of the member), as sorted blocks: binary search, rank by adding up
 * block sizes. 16 bytes an entry, and cache-friendly where a skip list chases pointers.
 */
export class ScoreOrder {
  #blocks: Block[] = [{ members: [], scores: [] }]
  #size = 0

  get size(): number {
    return this.#size
  }

  insert(score: number, member: string): void {
    const at = this.#blockFor(score, member)
    const block = this.#blocks[at] as Block
    const index = lowerBound(block, score, member)
    if (index === block.members.length) {
      block.members.push(member)
      block.scores.push(score)
    } else {
      block.members.splice(index, 0, member)
      block.scores.splice(index, 0, score)
    }
    this.#size += 1
    if (block.members.length > BLOCK_MAX) this.#split(at)
  }

  remove(score: number, member: string): void {
    const at = this.#blockFor(score, member)
    const block = this.#blocks[at] as Block
    const index = lowerBound(block, score, member)
    if (block.members[index] !== member) return
    block.members.splice(index, 1)
    block.scores.splice(index, 1)
    this.#size -= 1
    if (block.members.length === 0 && this.#blocks.length > 1) this.#blocks.splice(at, 1)
  }

  /** How many entries stand before (score, member). */
  rank(score: number, member: string): number {
    const at = this.#blockFor(score, member)
    return this.#before(at) + lowerBound(this.#blocks[at] as Block, score, member)
  }

  /** How many entries satisfy a predicate that holds for a prefix of the order. */
  countWhile(holds: (score: number, member: string) => boolean): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { members, scores } = this.#blocks[middle] as Block
      const last = members.length - 1
      if (last >= 0 && !holds(scores[last] as number, members[last] as string)) high = middle
      else low = middle + 1
    }
    if (low === this.#blocks.length) return this.#size
    const { members, scores } = this.#blocks[low] as Block
    let start = 0
    let end = members.length
    while (start < end) {
      const middle = (start + end) >>> 1
      if (holds(scores[middle] as number, members[middle] as string)) start = middle + 1
      else end = middle
    }
    return this.#before(low) + start
  }

  /** Visits `count` entries from rank `start` on, backwards when told. */
  visit(
    start: number,
    count: number,
    reverse: boolean,
    each: (member: string, score: number) => void,
  ): void {
    if (count <= 0) return
    let at = 0
    let index = start
    while (index >= (this.#blocks[at] as Block).members.length) {
      index -= (this.#blocks[at] as Block).members.length
      at += 1
    }
    for (let left = count; left > 0; left -= 1) {
      const block = this.#blocks[at] as Block
      each(block.members[index] as string, block.scores[index] as number)
      index += reverse ? -1 : 1
      if (index >= block.members.length) {
        at += 1
        index = 0
      } else if (index < 0) {
        at -= 1
        index = at < 0 ? 0 : (this.#blocks[at] as Block).members.length - 1
      }
    }
  }

  #before(at: number): number {
    let count = 0
    for (let index = 0; index < at; index += 1) {
      count += (this.#blocks[index] as Block).members.length
    }
    return count
  }

  /** The block whose range takes in (score, member): the first whose last entry is not less. */
  #blockFor(score: number, member: string): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      const { members, scores } = this.#blocks[middle] as Block
      const last = members.length - 1
      if (compare(scores[last] as number, members[last] as string, score, member) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  #split(at: number): void {
    const block = this.#blocks[at] as Block
    const half = block.members.length >>> 1
    const members = block.members.splice(half)
    const scores = block.scores.splice(half)
    this.#blocks.splice(at + 1, 0, { members, scores })
  }
}

function lowerBound(block: Block, score: number, member: string): number {
  let low = 0
  let high = block.members.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compare(
      block.scores[middle] as number,
      block.members[middle] as string,
      score,
      member,
    )
    if (order < 0) low = middle + 1
    else high = middle
  }
  return low
}
