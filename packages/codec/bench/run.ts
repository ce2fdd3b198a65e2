// pnpm --filter @ashlar/codec bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { frameRows } from './frames.ts'
import { keyRows } from './keys.ts'
import { recordRows } from './records.ts'

await runBench('@ashlar/codec', [...recordRows, ...keyRows, ...frameRows])
