import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { memoryFileSystem } from '@ashlar/lsm-store'
import { expect, test } from 'vitest'
import type { WorkerRequest } from '../../src/compaction/messages.ts'
import { serveJobs } from '../../src/compaction/serve-jobs.ts'

test('a compaction thread that is told to stop closes its port, so that it ends by itself', async () => {
  const { port1, port2 } = new MessageChannel()
  serveJobs(port1, memoryFileSystem())
  const closed = once(port2, 'close')
  port2.postMessage({ type: 'stop' } satisfies WorkerRequest)
  expect(await closed).toHaveLength(1)
})
