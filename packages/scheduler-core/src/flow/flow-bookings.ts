import { traced } from '../observe/tracing.ts'
import { eventOf } from '../run/event-of.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { Kernel } from '../scheduler/kernel.ts'
import { encodeTask } from '../task/record.ts'
import { streamPriority } from '../task/spec.ts'
import { Task } from '../task/task.ts'
import { checkFlow, type FlowSpecOf, type FlowTaskSpec } from './flow-spec.ts'

/** The ids of a flow's tasks, by their names. */
export type FlowIds<F> = { readonly [K in keyof F]: string }

/** Stores all tasks of a flow in one batch, or none. */
export function bookFlow<H extends HandlerMap, F extends FlowSpecOf<H>>(
  kernel: Kernel,
  tasks: F,
): FlowIds<F> {
  const { registry, options, directory, sequence, journal, table, links, marks } = kernel
  const { meters, observer } = kernel
  const given: Readonly<Record<string, FlowTaskSpec>> = tasks
  const specs = Object.fromEntries(
    Object.entries(given).map(([name, spec]) => [name, traced(spec, options.tracing)]),
  )
  const now = options.clock.now()
  const checked = checkFlow(specs, registry, options.run, now)
  if (checked.length > options.maxBulk) {
    throw new RangeError(`a flow has at most ${options.maxBulk} tasks, got ${checked.length}`)
  }
  const made = new Map<string, Task>()
  for (const { name, checked: spec, children, onChildFailed } of checked) {
    const queue = directory.ensure(spec.queue, spec.tenant, streamPriority(spec.draft))
    const task = new Task(queue, sequence.next(), spec.at, spec.draft)
    if (children.length > 0) {
      task.onChildFailed = onChildFailed
      task.area = 'blocked'
    }
    made.set(name, task)
  }
  for (const { name, children } of checked) {
    for (const child of children) {
      const task = made.get(child)
      const id = made.get(name)?.idBytes
      if (task === undefined || id === undefined) continue
      task.parents = { name: child, ids: [...(task.parents?.ids ?? []), id] }
    }
  }
  const encoded = new Map(Array.from(made.values(), (task) => [task, encodeTask(task)]))
  journal.barrier()
  journal.atomically((batch) => {
    for (const { name, children } of checked) {
      const task = made.get(name) as Task
      marks.note(batch, task.handler, task.version)
      table.insert(batch, task, encoded.get(task) as Uint8Array)
      if (children.length > 0) links.writePending(batch, task.place, children.length)
    }
  })
  meters.scheduled += checked.length
  kernel.maintenance.watchClock()
  for (const task of made.values()) {
    observer.tell('onScheduled', { ...eventOf(task), dueAt: task.order, outcome: 'created' })
    if (task.area === 'due') kernel.partitionOf(task.queue).admit(task)
  }
  const ids = Object.fromEntries(Array.from(made, ([name, { id }]) => [name, id]))
  return ids as FlowIds<F>
}
