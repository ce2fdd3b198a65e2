// pnpm --filter @ashlar/scheduler-core bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { executeRows } from './execute.ts'
import { scheduleRows } from './schedule.ts'

await runBench('@ashlar/scheduler-core', [...scheduleRows, ...executeRows])
