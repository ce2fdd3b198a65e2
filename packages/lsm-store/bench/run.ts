// pnpm --filter @ashlar/lsm-store bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
// 16-byte keys, 100-byte values, 1,000,000 of them, unless the row says otherwise; a tenth of them
// with --quick.
import { runBench } from '@ashlar/bench-kit'
import { closeStage, rowsOf } from './stage.ts'
import { costs } from './workloads/costs.ts'
import { largeValues } from './workloads/large-values.ts'
import { reads } from './workloads/reads.ts'
import { writes } from './workloads/writes.ts'
import { ycsb } from './workloads/ycsb.ts'

try {
  await runBench('@ashlar/lsm-store', [
    ...rowsOf([...writes, ...reads, ...ycsb]),
    ...costs,
    ...largeValues,
  ])
} finally {
  await closeStage()
}
