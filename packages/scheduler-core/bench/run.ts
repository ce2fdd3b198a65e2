// pnpm --filter @ashlar/scheduler-core bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { Arena } from './arena.ts'
import { clusterRows } from './cluster-rows.ts'
import { throughputRows, timeRows } from './rows.ts'

const quick = process.argv.includes('--quick')
const arena = new Arena()
try {
  await runBench('@ashlar/scheduler-core', [
    ...throughputRows(arena, quick),
    ...timeRows(arena, quick),
    ...clusterRows(arena, quick),
  ])
} finally {
  await arena.close()
}
