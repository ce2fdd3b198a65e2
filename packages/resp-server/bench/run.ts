// pnpm --filter @ashlar/resp-server bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { runBench } from '@ashlar/bench-kit'
import { bullmqRows } from './bullmq.ts'
import { capacityRows } from './capacity.ts'
import { inProcessRows } from './in-process.ts'
import { networkRows } from './network.ts'
import { ORIGIN, stopServers } from './servers.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopServers().then(() => process.exit(1)))
}
console.error(`our server runs ${ORIGIN}`)
try {
  const rows = [...networkRows, ...bullmqRows, ...inProcessRows, ...capacityRows]
  await runBench('@ashlar/resp-server', rows)
} finally {
  await stopServers()
}
