import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Row } from '@ashlar/bench-kit'
import { BenchServer, type Kind, PEER } from './servers.ts'

const MEGABYTE = 1_000_000
/** Keys of the memory and restart rows; the issue's ten millions: ASHLAR_BENCH_KEYS=10000000. */
const KEYS = Number(process.env['ASHLAR_BENCH_KEYS'] ?? 1_000_000)
const KEYS_PER_WRITE = 1000
/** Connections made at once: no more than the backlog holds. */
const CONNECT_AT_ONCE = 200

const request = (...args: readonly string[]): string =>
  `*${args.length}\r\n${args.map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`

/** Sends bytes and waits until so many bytes of replies have come. */
async function exchange(
  socket: Socket,
  bytes: Buffer | string,
  answerBytes: number,
): Promise<void> {
  let seen = 0
  const done = new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      seen += chunk.length
      if (seen < answerBytes) return
      socket.off('data', onData).off('error', reject)
      resolve()
    }
    socket.on('data', onData).once('error', reject)
  })
  socket.write(bytes)
  await done
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function fill(port: number, keys: number): Promise<void> {
  const socket = await open(port)
  for (let from = 0; from < keys; from += KEYS_PER_WRITE) {
    let requests = ''
    const count = Math.min(KEYS_PER_WRITE, keys - from)
    for (let n = from; n < from + count; n += 1) requests += request('SET', `key:${n}`, 'value')
    await exchange(socket, requests, count * '+OK\r\n'.length)
  }
  socket.destroy()
}

/** A server for one round. */
async function using(kind: Kind, body: (server: BenchServer) => Promise<number>): Promise<number> {
  const server = await BenchServer.start(kind)
  try {
    return await body(server)
  } finally {
    await server.stop()
  }
}

function row(
  facts: Pick<Row, 'name' | 'unit' | 'must' | 'aim'> & { readonly notes?: string },
  body: (server: BenchServer, quick: boolean) => Promise<number>,
): Row {
  return {
    ...facts,
    peer: PEER,
    less: true,
    rounds: 1,
    warmUp: false,
    open: ({ quick }) => ({
      ours: () => using('ours', (server) => body(server, quick)),
      theirs: () => using('theirs', (server) => body(server, quick)),
    }),
  }
}

async function idleConnections(server: BenchServer, quick: boolean): Promise<number> {
  const sockets: Socket[] = []
  const count = quick ? 2000 : 10_000
  while (sockets.length < count) {
    const more = Array.from({ length: CONNECT_AT_ONCE }, () => open(server.port))
    sockets.push(...(await Promise.all(more)))
  }
  await Promise.all(sockets.map((socket) => exchange(socket, request('PING'), '+PONG\r\n'.length)))
  const bytes = server.residentBytes
  for (const socket of sockets) socket.destroy()
  return bytes / MEGABYTE
}

/** The longest that a PING waits while a large value goes in and comes out on another connection. */
async function stallByLargeValue(server: BenchServer, quick: boolean): Promise<number> {
  const bytes = (quick ? 64 : 512) * 1024 * 1024 - 1
  const bulk = await open(server.port)
  const pinger = new Worker(new URL('./pinger.ts', import.meta.url), { workerData: server.port })
  await once(pinger, 'message')
  bulk.write(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${bytes}\r\n`)
  const piece = Buffer.alloc(1024 * 1024, 'x')
  for (let left = bytes; left > 0; left -= piece.length) {
    if (!bulk.write(piece.subarray(0, Math.min(left, piece.length)))) await once(bulk, 'drain')
  }
  await exchange(bulk, '\r\n', '+OK\r\n'.length)
  await exchange(bulk, request('GET', 'large'), `$${bytes}\r\n\r\n`.length + bytes)
  pinger.postMessage('over')
  const [longestMs] = (await once(pinger, 'message')) as [number]
  bulk.destroy()
  return longestMs
}

async function memoryOfKeys(server: BenchServer, quick: boolean): Promise<number> {
  await fill(server.port, quick ? KEYS / 10 : KEYS)
  return server.residentBytes / MEGABYTE
}

/** The keys stay in the store, but for as many as fit into so much. */
const TIER = ['--maxmemory', '64mb', '--maxmemory-policy', 'tier']
const SMALL_YOUNG = '--max-semi-space-size=4'
const TIER_GOAL_MEGABYTES = 512

async function memoryOfTieredKeys(quick: boolean): Promise<number> {
  const server = await BenchServer.start('ours', TIER, { NODE_OPTIONS: SMALL_YOUNG })
  try {
    return await memoryOfKeys(server, quick)
  } finally {
    await server.stop()
  }
}

async function restart(server: BenchServer, quick: boolean): Promise<number> {
  const keys = quick ? KEYS / 10 : KEYS
  await fill(server.port, keys)
  await server.kill()
  const start = performance.now()
  server.startAgain()
  for (;;) {
    const answer = await ask(server.port, request('GET', `key:${keys - 1}`))
    if (answer === '$5\r\nvalue\r\n') return performance.now() - start
  }
}

/** The reply; undefined while nobody listens. */
async function ask(port: number, bytes: string): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    socket.write(bytes)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return chunk.toString('latin1')
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return undefined
  } finally {
    socket.destroy()
  }
}

/** What fits, and what a start takes: one round each, with servers of its own. */
export const capacityRows: readonly Row[] = [
  row(
    {
      name: 'idle connections',
      unit: 'MB',
      must: 0.2,
      aim: 0.5,
      notes: '10 000 (2000 with --quick), resident memory of the process; 150 MB is the target',
    },
    idleConnections,
  ),
  row(
    {
      name: 'stall by a large value',
      unit: 'ms',
      must: 0.2,
      aim: 1,
      notes:
        '512 MiB (64 with --quick) in and out, longest wait of a PING beside it; 50 ms is the target',
    },
    stallByLargeValue,
  ),
  row(
    {
      name: 'memory of small keys',
      unit: 'MB',
      must: 0.4,
      aim: 0.63,
      notes: `${KEYS} keys (a tenth with --quick), 5-byte values; ASHLAR_BENCH_KEYS=10000000 for ten millions`,
    },
    memoryOfKeys,
  ),
  {
    name: 'memory of small keys, tier',
    unit: 'MB',
    peer: 'goal',
    must: 1,
    aim: 1.5,
    less: true,
    rounds: 1,
    warmUp: false,
    notes: `as many keys, with ${TIER.filter((word) => !word.startsWith('--')).join(' ')}, NODE_OPTIONS=${SMALL_YOUNG}`,
    open: ({ quick }) => ({
      ours: () => memoryOfTieredKeys(quick),
      theirs: async () => TIER_GOAL_MEGABYTES,
    }),
  },
  row(
    {
      name: 'restart after kill -9',
      unit: 'ms',
      must: 0.1,
      aim: 1,
      notes: `${KEYS} keys (a tenth with --quick), until a GET is answered; 1000 ms is the target`,
    },
    restart,
  ),
]
