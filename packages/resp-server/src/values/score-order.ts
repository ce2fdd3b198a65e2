/** Blocks split at this size: an insertion in one moves a few hundred words at most. */
const BLOCK_MAX = 256

interface Block {
  readonly members: string[]
  readonly scores: number[]
}

/** An array that holds doubles from the start: one that turns into one later slows its readers. */
function doubles(): number[] {
  const numbers = [0.5]
  numbers.length = 0
  return numbers
}

/**
 * Members by (score, bytes of the member), as sorted blocks: binary search, rank by adding up
 * block sizes. 16 bytes an entry, and cache-friendly where a skip list chases pointers: what the
 * search for a block and the sum of sizes look at stands in two arrays of its own.
 */
export class ScoreOrder {
  readonly #blocks: Block[] = [{ members: [], scores: doubles() }]
  /** Score of each block's last member; means nothing for the last block, which takes the rest. */
  readonly #lastScores: number[] = doubles()
  readonly #counts: number[] = [0]
  #size = 0

  constructor() {
    this.#lastScores.push(0)
  }

  get size(): number {
    return this.#size
  }

  insert(score: number, member: string): void {
    const at = this.#blockFor(score, member)
    const { members, scores } = this.#blocks[at] as Block
    const index = lowerBound(members, scores, score, member)
    members.push(member)
    scores.push(score)
    let place = members.length - 1
    for (; place > index; place -= 1) {
      members[place] = members[place - 1] as string
      scores[place] = scores[place - 1] as number
    }
    members[index] = member
    scores[index] = score
    this.#size += 1
    this.#changed(at)
    if (members.length > BLOCK_MAX) this.#split(at)
  }

  remove(score: number, member: string): void {
    const at = this.#blockFor(score, member)
    const { members, scores } = this.#blocks[at] as Block
    const index = lowerBound(members, scores, score, member)
    if (members[index] !== member) return
    const last = members.length - 1
    for (let place = index; place < last; place += 1) {
      members[place] = members[place + 1] as string
      scores[place] = scores[place + 1] as number
    }
    members.pop()
    scores.pop()
    this.#size -= 1
    if (last > 0 || this.#blocks.length === 1) {
      this.#changed(at)
      return
    }
    this.#blocks.splice(at, 1)
    this.#lastScores.splice(at, 1)
    this.#counts.splice(at, 1)
  }

  /** How many entries stand before (score, member). */
  rank(score: number, member: string): number {
    const at = this.#blockFor(score, member)
    const { members, scores } = this.#blocks[at] as Block
    return this.#before(at) + lowerBound(members, scores, score, member)
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
    while (index >= (this.#counts[at] as number)) {
      index -= this.#counts[at] as number
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
        index = at < 0 ? 0 : (this.#counts[at] as number) - 1
      }
    }
  }

  #before(at: number): number {
    let count = 0
    for (let index = 0; index < at; index += 1) count += this.#counts[index] as number
    return count
  }

  /** The block whose range takes in (score, member): the first whose last entry is not less. */
  #blockFor(score: number, member: string): number {
    const lastScores = this.#lastScores
    let low = 0
    let high = lastScores.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      const last = lastScores[middle] as number
      const isLess = last === score ? this.#endsBefore(middle, member) : last < score
      if (isLess) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Among equal scores the members decide. */
  #endsBefore(at: number, member: string): boolean {
    const { members } = this.#blocks[at] as Block
    return (members[members.length - 1] as string) < member
  }

  /** Brings the two arrays up to date with a block. */
  #changed(at: number): void {
    const { scores } = this.#blocks[at] as Block
    this.#counts[at] = scores.length
    this.#lastScores[at] = scores[scores.length - 1] ?? 0
  }

  #split(at: number): void {
    const block = this.#blocks[at] as Block
    const half = block.members.length >>> 1
    const members = block.members.splice(half)
    const scores = block.scores.splice(half)
    this.#blocks.splice(at + 1, 0, { members, scores })
    this.#counts.splice(at + 1, 0, 0)
    this.#lastScores.splice(at + 1, 0, 0)
    this.#changed(at)
    this.#changed(at + 1)
  }
}

function lowerBound(
  members: readonly string[],
  scores: readonly number[],
  score: number,
  member: string,
): number {
  let low = 0
  let high = members.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = scores[middle] as number
    const isLess = found === score ? (members[middle] as string) < member : found < score
    if (isLess) low = middle + 1
    else high = middle
  }
  return low
}
