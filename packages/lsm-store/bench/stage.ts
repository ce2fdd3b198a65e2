import type { Contest, Row } from '@ashlar/bench-kit'
import { type Data, makeKeys, makeValues } from './data.ts'
import type { Engine, EngineName } from './engines/engine.ts'
import { openEngine } from './engines/open-engine.ts'

/** One round of work; returns what it counted per second. */
export type Work = (engine: Engine, play: Play) => Promise<number>

export interface Play extends Data {
  readonly name: EngineName
  readonly round: number
  readonly roundMs: number
  readonly quick: boolean
}

/** A workload, and the peers that it is played against. */
export interface Workload {
  readonly name: string
  readonly unit: string
  readonly work: Work
  readonly peers: readonly (readonly [peer: EngineName, must: number, aim: number])[]
  readonly valueBytes?: number
  /** How many keys; with `--quick` a tenth. */
  readonly keys?: number
  /** What the store holds before: nothing, or all keys, shared with other rows that only read. */
  readonly filled?: 'own' | 'shared'
  readonly rounds?: number
  readonly notes?: string
}

const BATCH = 1000
/** How much longer the first round is. */
const WARM_UP = 5
const shared = new Map<string, Promise<Engine>>()
const keySets = new Map<number, readonly Buffer[]>()

/** Closes what rows share. */
export async function closeStage(): Promise<void> {
  for (const engine of shared.values()) await (await engine).close()
  shared.clear()
}

/** All keys in random order, in batches of 1000. */
async function fill(engine: Engine, { keys, value }: Data): Promise<void> {
  for (let i = 0; i < keys.length; i += BATCH) {
    const batch = keys.slice(i, i + BATCH)
    await engine.write(
      batch,
      batch.map((_, j) => value(i + j)),
    )
  }
  await engine.settle()
}

function keysOf(count: number): readonly Buffer[] {
  let keys = keySets.get(count)
  if (keys === undefined) {
    keys = makeKeys(count, 'random')
    keySets.set(count, keys)
  }
  return keys
}

async function engineFor(name: EngineName, workload: Workload, data: Data): Promise<Engine> {
  if (workload.filled === undefined) return openEngine(name)
  const open = async (): Promise<Engine> => {
    const engine = await openEngine(name)
    await fill(engine, data)
    return engine
  }
  if (workload.filled === 'own') return open()
  const label = `${name} ${data.keys.length} ${workload.valueBytes}`
  const found = shared.get(label)
  if (found !== undefined) return found
  const opened = open()
  shared.set(label, opened)
  return opened
}

/** One row for each peer of each workload. */
export function rowsOf(workloads: readonly Workload[]): Row[] {
  return workloads.flatMap((workload) =>
    workload.peers.map(([peer, must, aim]): Row => {
      const { name, unit, rounds, notes } = workload
      return {
        name: `${name} (${peer})`,
        unit,
        peer,
        must,
        aim,
        ...(rounds === undefined ? {} : { rounds }),
        ...(notes === undefined ? {} : { notes }),
        open: (options) => contest(workload, peer, options),
      }
    }),
  )
}

async function contest(
  workload: Workload,
  peer: EngineName,
  { quick, roundMs }: { readonly quick: boolean; readonly roundMs: number },
): Promise<Contest> {
  const count = (workload.keys ?? 1_000_000) / (quick ? 10 : 1)
  const data = { keys: keysOf(count), value: makeValues(workload.valueBytes ?? 100) }
  const engines = {
    ours: await engineFor('ours', workload, data),
    theirs: await engineFor(peer, workload, data),
  }
  const rounds = { ours: 0, theirs: 0 }
  const play = (side: 'ours' | 'theirs'): Promise<number> => {
    const round = rounds[side]++
    const name = side === 'ours' ? 'ours' : peer
    // The first round only warms up, and compilers take their time.
    const factor = round === 0 ? WARM_UP : 1
    const ms = roundMs * 3 * factor
    return workload.work(engines[side], { ...data, name, round, quick, roundMs: ms })
  }
  return {
    ours: () => play('ours'),
    theirs: () => play('theirs'),
    async close() {
      if (workload.filled === 'shared') return
      await engines.ours.close()
      await engines.theirs.close()
    },
  }
}

/** Calls between two looks at the clock. */
const CHUNK = 1024

/**
 * Makes calls until they have taken `ms`, and tells how many a second that was. What they need is
 * prepared outside the clock, as the key of a request is in a server's hand when it comes to read.
 */
async function timed<Input>(
  ms: number,
  first: number,
  prepare: (i: number) => Input,
  run: (inputs: readonly Input[], first: number) => Promise<unknown>,
): Promise<number> {
  let elapsedMs = 0
  let done = 0
  while (elapsedMs < ms) {
    const at = first + done
    const inputs = Array.from({ length: CHUNK }, (_, i) => prepare(at + i))
    const start = performance.now()
    await run(inputs, at)
    elapsedMs += performance.now() - start
    done += CHUNK
  }
  return (done * 1000) / elapsedMs
}

/** `lanes` loops, each waiting for its own calls: calls per second. */
export function inLanes<Input>(
  lanes: number,
  { ms, first = 0 }: { readonly ms: number; readonly first?: number },
  prepare: (i: number) => Input,
  call: (input: Input, i: number) => unknown,
): Promise<number> {
  return timed(ms, first, prepare, (inputs, at) => {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < inputs.length) {
        const i = next++
        await call(inputs[i] as Input, at + i)
      }
    }
    return Promise.all(Array.from({ length: lanes }, lane))
  })
}

/** One call after the other, without a promise: calls per second. */
export function inSequence<Input>(
  { ms, first = 0 }: { readonly ms: number; readonly first?: number },
  prepare: (i: number) => Input,
  call: (input: Input) => unknown,
): Promise<number> {
  return timed(ms, first, prepare, (inputs) => {
    for (const input of inputs) call(input)
    return Promise.resolve()
  })
}
