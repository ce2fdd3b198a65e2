// pnpm --filter @ashlar/scheduler-core bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { Arena } from './arena.ts'
import { clusterRows } from './cluster-rows.ts'
import { LongRuns } from './long-runs.ts'
import { SYNC_MODES } from './peers.ts'
import { throughputRows, timeRows } from './rows.ts'
import { FULL, QUICK } from './scale.ts'

const scale = process.argv.includes('--quick') ? QUICK : FULL
const arena = new Arena()
const runs = new LongRuns(arena, scale)
try {
  await runBench(
    '@ashlar/scheduler-core',
    [
      ...throughputRows(arena, scale),
      ...timeRows(arena, runs, scale),
      ...clusterRows(arena, runs, scale),
    ],
    { about: SYNC_MODES },
  )
} finally {
  await arena.close()
}
