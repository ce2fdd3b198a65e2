import type { FileSystem } from '../fs/file-system.ts'
import { JobScheduler } from './job-scheduler.ts'
import { toFailure, type WorkerReply, type WorkerRequest } from './messages.ts'

/** The worker's end of a message channel. */
export interface WorkerPort {
  on(event: 'message', listener: (request: WorkerRequest) => void): void
  postMessage(reply: WorkerReply): void
  close(): void
}

/** Does the jobs that come through the port. All of the worker but its thread. */
export function serveJobs(port: WorkerPort, fileSystem: FileSystem): void {
  const scheduler = new JobScheduler(fileSystem)
  port.on('message', (request) => {
    if (request.type === 'stop') {
      port.close()
      return
    }
    const { id } = request
    if (request.type === 'cancel') {
      // A job that ended by itself has said so already.
      if (scheduler.cancel(id)) port.postMessage({ type: 'cancelled', id })
      return
    }
    scheduler.run(
      id,
      request.job,
      (result) => port.postMessage({ type: 'done', id, result }),
      (error) => port.postMessage({ type: 'failed', id, failure: toFailure(error) }),
    )
  })
}
