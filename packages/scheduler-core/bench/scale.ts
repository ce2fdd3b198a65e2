import type { Peer } from './peers.ts'

/** How much each row does. */
export interface Scale {
  /** Rounds of rows whose rounds are short, and how long those last. */
  readonly rounds: number
  readonly clusterRounds: number
  readonly roundMs: number
  readonly executed: number
  readonly ordered: number
  readonly burst: number
  readonly burstRounds: number
  readonly spread: number
  readonly spreadMs: number
  readonly pending: number
  /** Due tasks among the pending ones. */
  readonly samples: number
  /** Who is waited for: in a short run not those that only wait longer than the best of them. */
  readonly throughput: readonly Peer[]
  readonly ordering: readonly Peer[]
  readonly waiting: readonly Peer[]
  readonly holding: readonly Peer[]
  /** Whose memory is compared: of few tasks, most of any process is its code. */
  readonly memory: readonly Peer[]
  /** Said in the notes of rows that are smaller than their names. */
  readonly spreadNote: string
  readonly burstNote: string
  readonly pendingNote: string
}

const ALL = ['bullmq', 'graphile', 'pg-boss', 'pglite'] as const

/** What the table in the README is made with. */
export const FULL: Scale = {
  rounds: 5,
  clusterRounds: 3,
  roundMs: 1_000,
  executed: 20_000,
  ordered: 5_000,
  burst: 10_000,
  burstRounds: 3,
  spread: 100_000,
  spreadMs: 30_000,
  pending: 1_000_000,
  samples: 300,
  throughput: ALL,
  ordering: ['graphile-order', 'pg-boss-order', 'pglite-order'],
  waiting: ALL,
  holding: ALL,
  memory: ['bullmq', 'pglite'],
  spreadNote: '',
  burstNote: '',
  pendingNote: 'due in a year',
}

/** The same rows within two minutes on a quiet machine of two cores. */
export const QUICK: Scale = {
  rounds: 1,
  clusterRounds: 1,
  roundMs: 500,
  executed: 2_000,
  ordered: 3_000,
  burst: 2_000,
  burstRounds: 1,
  spread: 3_333,
  spreadMs: 1_000,
  pending: 10_000,
  samples: 50,
  throughput: ALL,
  ordering: ['graphile-order', 'pg-boss-order'],
  waiting: ['bullmq'],
  holding: ['bullmq', 'graphile', 'pglite'],
  memory: ['pglite'],
  spreadNote: 'here 3,333 over 1 s',
  burstNote: 'here 2,000',
  pendingNote: 'due in a year; here 10,000',
}
