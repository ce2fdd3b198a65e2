import { ClusterScheduler } from '../cluster/cluster-scheduler.ts'
import { openNats } from './nats-transport.ts'
import type { ScheduleTarget } from './schedule-target.ts'
import type { Target } from './target.ts'

/** The tasks of a cluster: its members do what is asked, or, where there is none, this process. */
export async function natsTarget(urls: string, namespace: string | undefined): Promise<Target> {
  const transport = await openNats(urls)
  try {
    const scheduler: ClusterScheduler = await ClusterScheduler.open({
      transport,
      handlers: {},
      run: false,
      createIfMissing: false,
      ...(namespace !== undefined && { namespace }),
    })
    return {
      schedules: clusterSchedules(scheduler),
      list: (query) => scheduler.list(query),
      get: (id) => scheduler.get(id),
      cancel: (id) => scheduler.cancel(id),
      reschedule: (id, due) => scheduler.reschedule(id, due),
      edit: (id, change) => scheduler.edit(id, change),
      redrive: (what) => scheduler.redrive(what),
      pause: (queue, of) => scheduler.pause(queue, of),
      resume: (queue, of) => scheduler.resume(queue, of),
      stats: async () => ({ queues: await scheduler.stats(), stale: await scheduler.stale() }),
      async [Symbol.asyncDispose]() {
        await scheduler.close()
        await transport.close()
      },
    }
  } catch (error) {
    await transport.close()
    throw error
  }
}

function clusterSchedules({ schedules }: ClusterScheduler): ScheduleTarget {
  return {
    list: (query) => schedules.list(query),
    get: (id) => schedules.get(id),
    preview: async (id, options) =>
      (await schedules.get(id)) === undefined ? undefined : await schedules.preview(id, options),
    pause: (id) => schedules.pause(id),
    resume: (id) => schedules.resume(id),
    remove: (id) => schedules.remove(id),
    trigger: (id) => schedules.trigger(id),
  }
}
