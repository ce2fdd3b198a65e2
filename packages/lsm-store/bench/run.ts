// pnpm --filter @ashlar/lsm-store bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
// 16-byte keys, 100-byte values; 1,000,000 of them, or 100,000 with --quick.
import { runBench } from '@ashlar/bench-kit'
import { rows } from './rows.ts'

await runBench('@ashlar/lsm-store', rows)
