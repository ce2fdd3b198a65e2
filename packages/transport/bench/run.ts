// pnpm --filter @ashlar/transport bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { embeddedRows } from './embedded.ts'
import { memoryRows } from './memory.ts'
import { natsRows } from './nats.ts'

await runBench('@ashlar/transport', [...memoryRows, ...embeddedRows, ...natsRows])
