/** The peers by the name of their process, with their sync mode. */
export const PEERS = {
  bullmq: 'BullMQ everysec',
  graphile: 'graphile-worker async commit',
  'graphile-order': 'graphile-worker queueName async commit',
  'pg-boss': 'pg-boss async commit',
  'pg-boss-order': 'pg-boss key_strict_fifo async commit',
  pglite: 'pg-boss on PGlite',
  'pglite-order': 'pg-boss on PGlite key_strict_fifo',
} as const

export type Peer = keyof typeof PEERS

/** Said above the table: what an acknowledgement means on each side. */
export const SYNC_MODES =
  'Nobody syncs before acknowledging: embedded, the store has sync mode `interval`; on JetStream, one ' +
  'nats-server with\nfile storage and one replica; Redis has `appendfsync everysec`, PostgreSQL ' +
  '`synchronous_commit=off`, PGlite its default.'
