import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { Row } from '@ashlar/bench-kit'
import { makeKeys, makeValues } from '../data.ts'
import type { EngineName } from '../engines/engine.ts'
import { openEngine, openEngineAt } from '../engines/open-engine.ts'

const CHILD = fileURLToPath(new URL('../costs-child.ts', import.meta.url))
const ENTRY_BYTES = 116
const MIB = 1024 * 1024

interface Costs {
  readonly written: number
  readonly peakBytes: number
  readonly diskBytes: number
}

type Measure = (engine: EngineName, quick: boolean) => Promise<number>

/** Runs the child to its end; undefined when it was told to die. */
function runChild(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    // The package as it is published: what turns its sources into JavaScript takes 80 MiB itself.
    execFile(process.execPath, [CHILD, ...args], (error, stdout) => {
      if (error === null || error.signal === 'SIGKILL') resolve(stdout)
      else reject(error)
    })
  })
}

function withDirectory<Result>(work: (path: string) => Promise<Result>): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), 'lsm-bench-'))
  return work(path).finally(() => rmSync(path, { recursive: true }))
}

function sizeOf(path: string): number {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
}

const filled = new Map<string, Promise<Costs>>()

/** What filling a store with a million entries costs, measured once for each engine. */
function costsOf(engine: EngineName, quick: boolean): Promise<Costs> {
  const count = quick ? 100_000 : 1_000_000
  let costs = filled.get(engine)
  if (costs !== undefined) return costs
  costs = withDirectory(async (path) => {
    const result: Omit<Costs, 'diskBytes'> = JSON.parse(
      await runChild([engine, path, String(count), 'close']),
    )
    return { ...result, diskBytes: sizeOf(path) }
  })
  filled.set(engine, costs)
  return costs
}

const writeAmplification: Measure = async (engine, quick) =>
  (await costsOf(engine, quick)).written / (ENTRY_BYTES * (quick ? 100_000 : 1_000_000))

const diskAfter: Measure = async (engine, quick) => (await costsOf(engine, quick)).diskBytes / MIB
const peakMemory: Measure = async (engine, quick) => (await costsOf(engine, quick)).peakBytes / MIB

/** Milliseconds to open a store of 300,000 entries, after a close or a kill. */
function reopen(end: 'close' | 'kill'): Measure {
  return (engine, quick) =>
    withDirectory(async (path) => {
      await runChild([engine, path, String(quick ? 30_000 : 300_000), end])
      const start = performance.now()
      const opened = await openEngineAt(engine, path)
      const elapsedMs = performance.now() - start
      await opened.close()
      return elapsedMs
    })
}

/** Puts one after another beside bulk writes that keep the background busy. */
function underCompaction(what: 'put' | 'loop'): Measure {
  return async (name, quick) => {
    const engine = await openEngine(name)
    const value = makeValues(100)
    const count = quick ? 300_000 : 2_000_000
    const latencies: number[] = []
    const delay = monitorEventLoopDelay({ resolution: 1 })
    let filling = true
    const putter = async (): Promise<void> => {
      for (let i = 0; filling; i++) {
        const [key] = makeKeys(1, 'random', 10_000_000 + i)
        const start = performance.now()
        await engine.put(key as Buffer, value(i))
        latencies.push(performance.now() - start)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    delay.enable()
    const putting = putter()
    for (let i = 0; i < count; i += 100) {
      const keys = makeKeys(100, 'random', i)
      await engine.write(
        keys,
        keys.map((_, j) => value(i + j)),
      )
      await new Promise((resolve) => setImmediate(resolve))
    }
    filling = false
    await putting
    delay.disable()
    await engine.close()
    latencies.sort((a, b) => a - b)
    if (what === 'put') return latencies[Math.floor(latencies.length * 0.999)] as number
    return delay.percentile(99.99) / 1e6
  }
}

interface CostRow {
  readonly name: string
  readonly unit: string
  readonly measure: Measure
  /** What it should be at most, and what we aim at. */
  readonly goal: number
  readonly aim: number
  /** The goal is for all entries: a tenth of them has a tenth of it. */
  readonly scales?: boolean
  readonly peers?: readonly EngineName[]
  readonly rounds: number
  readonly notes?: string
}

const COSTS: readonly CostRow[] = [
  {
    name: 'write amplification, 1M at random',
    unit: 'bytes per byte',
    measure: writeAmplification,
    goal: 3,
    aim: 2,
    peers: ['rocksdb-native', 'classic-level'],
    rounds: 1,
  },
  {
    name: 'disk after close, 1M at random',
    unit: 'MiB',
    measure: diskAfter,
    goal: 75,
    aim: 55,
    scales: true,
    peers: ['rocksdb-native', 'classic-level'],
    rounds: 1,
  },
  {
    name: 'memory at its peak, fill 1M and read',
    unit: 'MiB',
    measure: peakMemory,
    goal: 448,
    aim: 300,
    peers: ['classic-level'],
    rounds: 1,
    notes: 'goal: cache + memtables + 64 MiB',
  },
  {
    name: 'reopen after a close, 300k',
    unit: 'ms',
    measure: reopen('close'),
    goal: 10,
    aim: 5,
    peers: ['lmdb', 'classic-level'],
    rounds: 3,
  },
  {
    name: 'reopen after a crash, 300k in the log',
    unit: 'ms',
    measure: reopen('kill'),
    goal: 80,
    aim: 30,
    peers: ['lmdb', 'classic-level'],
    rounds: 3,
  },
  {
    name: 'put beside bulk writes, p99.9',
    unit: 'ms',
    measure: underCompaction('put'),
    goal: 10,
    aim: 5,
    rounds: 1,
  },
  {
    name: 'event loop held up beside bulk writes, p99.99',
    unit: 'ms',
    measure: underCompaction('loop'),
    goal: 20,
    aim: 10,
    rounds: 1,
  },
]

function costRow(row: CostRow, peer: EngineName | undefined): Row {
  const { name, unit, measure, goal, aim, rounds, notes, scales = false } = row
  return {
    name: `${name} (${peer ?? 'goal'})`,
    unit,
    peer: peer ?? 'goal',
    less: true,
    must: peer === undefined ? 1 : 0,
    aim: peer === undefined ? goal / aim : 1,
    rounds,
    warmUp: false,
    ...(notes === undefined ? {} : { notes }),
    open: ({ quick }) => ({
      ours: () => measure('ours', quick),
      theirs: () => {
        if (peer !== undefined) return measure(peer, quick)
        return scales && quick ? goal / 10 : goal
      },
    }),
  }
}

/** What is counted and not raced: against what it should be, and against peers to compare. */
export const costs: readonly Row[] = COSTS.flatMap((row) => [
  costRow(row, undefined),
  ...(row.peers ?? []).map((peer) => costRow(row, peer)),
])
