// pnpm --filter @ashlar/resp-server bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { capacityRows } from './capacity.ts'
import { inProcessRows } from './in-process.ts'
import { networkRows } from './network.ts'

await runBench('@ashlar/resp-server', [...networkRows, ...inProcessRows, ...capacityRows])
