import type { Contest, Row } from '@ashlar/bench-kit'
import type { Arena } from './arena.ts'
import { PEERS, type Peer } from './peers.ts'

/** Measures one contestant: what the row compares. */
export type Measure = (contestant: string) => Promise<number>

interface RowOptions extends Omit<Row, 'peer' | 'open' | 'notes'> {
  /** Which of ours. Default the embedded scheduler. */
  readonly ours?: 'ours' | 'jetstream'
  readonly peers: readonly Peer[]
  readonly measure: Measure
  readonly notes?: string
  /** Told after the runs. */
  readonly also?: () => string
}

/**
 * A row against the best of several peers. In each round all of them run, one after the other; the
 * best figure of the round counts, and the medians of all stand in the notes.
 */
export function versus({ ours = 'ours', peers, measure, also, ...row }: RowOptions): Row {
  return {
    ...row,
    peer: peers.length > 1 ? 'best peer' : peerName(peers[0]),
    open(): Contest {
      const figures = new Map<Peer, number[]>(peers.map((peer) => [peer, []]))
      return {
        ours: () => measure(ours),
        async theirs() {
          const round: number[] = []
          for (const peer of peers) {
            const figure = await measure(peer)
            round.push(figure)
            figures.get(peer)?.push(figure)
          }
          return row.less === true ? Math.min(...round) : Math.max(...round)
        },
        notes: () => {
          const medians = peers.map((peer) => `${PEERS[peer]} ${shown(figures.get(peer) ?? [])}`)
          const told = [row.notes ?? '', also?.() ?? '', ...medians]
          return told.filter((text) => text !== '').join('; ')
        },
      }
    },
  }
}

function peerName(peer: Peer | undefined): string {
  return peer === undefined ? '' : PEERS[peer]
}

/** The median of what was measured. */
export function shown(figures: readonly number[]): string {
  const median = figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN
  const digits = Number(median.toPrecision(3))
  return median >= 1_000 ? Math.round(digits).toLocaleString('en-US') : String(digits)
}

/** One round of a scenario, and an empty queue after it. */
export function scenario<T>(
  arena: Arena,
  name: 'scheduleOne' | 'scheduleBulk' | 'execute' | 'order' | 'lag',
  args: readonly number[],
  figure: (result: T) => number,
): Measure {
  return async (contestant) => {
    const result = figure(await arena.call<T>(contestant, name, ...args))
    await arena.call(contestant, 'clear')
    return result
  }
}

export const itself = (figure: number): number => figure
