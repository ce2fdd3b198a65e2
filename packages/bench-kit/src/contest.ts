/** Two ways of doing the same work. Each call does one round and returns what it measured. */
export interface Contest {
  ours(): number | Promise<number>
  theirs(): number | Promise<number>
  /** Said in the row's notes when the rounds are over; instead of the row's own. */
  notes?(): string
  close?(): void | Promise<void>
}

/** A line of the table. */
export interface Row {
  readonly name: string
  /** Of what the contest returns, such as `op/s` or `bytes`. */
  readonly unit: string
  readonly peer: string
  /** Less is better, as for bytes and milliseconds. Ratios above 1 favour ours all the same. */
  readonly less?: boolean
  /** The ratio under which `--gate` fails. */
  readonly must: number
  /** The ratio that we want. */
  readonly aim: number
  readonly notes?: string
  /** Default 21, or 7 with `--quick`. */
  readonly rounds?: number
  /** With `--quick`. Default `rounds`. */
  readonly quickRounds?: number
  /** `false`: a first round that does not count is not played. For rows of long rounds. */
  readonly warmUp?: boolean
  /** Prepares the row. Rounds should last about `roundMs`: 100, or 20 with `--quick`. */
  open(options: { readonly quick: boolean; readonly roundMs: number }): Contest | Promise<Contest>
}

export interface Score {
  readonly ours: number
  readonly theirs: number
  readonly ratio: number
  readonly notes?: string
}

/** Calls `body` with each item in turn, over and over for at least `minMs`: calls per second. */
export function rate<Item>(
  items: readonly Item[],
  minMs: number,
  body: (item: Item) => unknown,
): number {
  const start = performance.now()
  for (let passes = 1; ; passes++) {
    for (const item of items) body(item)
    const elapsedMs = performance.now() - start
    if (elapsedMs >= minMs) return (passes * items.length * 1000) / elapsedMs
  }
}

/** The same for a body that waits: one call after the other. */
export async function rateAsync<Item>(
  items: readonly Item[],
  minMs: number,
  body: (item: Item) => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  for (let passes = 1; ; passes++) {
    for (const item of items) await body(item)
    const elapsedMs = performance.now() - start
    if (elapsedMs >= minMs) return (passes * items.length * 1000) / elapsedMs
  }
}

/** Plays a row: a warm-up of both, then rounds in which they take turns in going first. */
export async function play(row: Row, quick: boolean): Promise<Score> {
  const contest = await row.open({ quick, roundMs: quick ? 20 : 100 })
  const ours: number[] = []
  const theirs: number[] = []
  let notes = row.notes
  try {
    if (row.warmUp !== false) {
      await contest.ours()
      await contest.theirs()
    }
    const rounds = (quick ? row.quickRounds : undefined) ?? row.rounds ?? (quick ? 7 : 21)
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) ours.push(await contest.ours())
      theirs.push(await contest.theirs())
      if (round % 2 === 1) ours.push(await contest.ours())
    }
    notes = contest.notes?.() ?? notes
  } finally {
    await contest.close?.()
  }
  const ratios = ours.map((own, round) => {
    const other = theirs[round] ?? Number.NaN
    return row.less === true ? other / own : own / other
  })
  const score = { ours: median(ours), theirs: median(theirs), ratio: median(ratios) }
  return notes === undefined ? score : { ...score, notes }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}
