import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Row } from '@ashlar/bench-kit'
import type { EngineName } from '../engines/engine.ts'

const CHILD = fileURLToPath(new URL('../overwrite-child.ts', import.meta.url))
const VALUE_BYTES = 16 * 1024
const OVERWRITES = 8

interface Overwriting {
  readonly writeAmplification: number
  readonly elapsedMs: number
  readonly putsPerSecond: number
  /** Bytes on disk for each byte that is in the store. */
  readonly spaceAmplification: number
}

const measured = new Map<EngineName, Promise<Overwriting>>()

/** Overwrites each value some times, once for each engine. */
function overwrite(engine: EngineName, quick: boolean): Promise<Overwriting> {
  let result = measured.get(engine)
  if (result === undefined) {
    result = run(engine, quick ? 4096 : 16_384)
    measured.set(engine, result)
  }
  return result
}

async function run(engine: EngineName, keys: number): Promise<Overwriting> {
  const path = mkdtempSync(join(tmpdir(), 'lsm-bench-'))
  try {
    const count = keys * OVERWRITES
    const flags = ['--conditions=@ashlar/source', CHILD, engine, path, String(keys), String(count)]
    const { stdout } = await promisify(execFile)(process.execPath, flags)
    const { writeAmplification, elapsedMs } = JSON.parse(stdout) as Overwriting
    const putsPerSecond = (count * 1000) / elapsedMs
    const spaceAmplification = sizeOf(path) / (keys * VALUE_BYTES)
    return { writeAmplification, elapsedMs, putsPerSecond, spaceAmplification }
  } finally {
    rmSync(path, { recursive: true })
  }
}

function sizeOf(path: string): number {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.reduce((sum, name) => sum + statSync(join(path, name)).size, 0)
}

const PEERS: readonly EngineName[] = ['ours', 'rocksdb-native', 'classic-level']

function row(
  name: string,
  unit: string,
  less: boolean,
  figure: (result: Overwriting) => number,
): Row[] {
  return PEERS.map((peer) => ({
    name: `16 KiB values overwritten at random, ${name} (${peer === 'ours' ? 'ours, in tables' : peer})`,
    unit,
    peer: peer === 'ours' ? 'ours, in tables' : peer,
    less,
    must: 0,
    aim: 1,
    rounds: 1,
    warmUp: false,
    notes: 'largeValueBytes: 4096',
    open: ({ quick }) => ({
      ours: async () => figure(await overwrite('ours-apart', quick)),
      theirs: async () => figure(await overwrite(peer, quick)),
    }),
  }))
}

/** Values in files of their own against values in tables. */
export const largeValues: readonly Row[] = [
  ...row('write amplification', 'bytes per byte', true, (result) => result.writeAmplification),
  ...row('puts', 'puts/s', false, (result) => result.putsPerSecond),
  ...row('disk after close', 'bytes per byte', true, (result) => result.spaceAmplification),
]
