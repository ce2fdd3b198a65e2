import type { HandlerMap, PayloadOf } from '../run/handler.ts'
import type { HandlerRegistry } from '../run/handler-registry.ts'
import { type CheckedSpec, checkSpec, type TaskSpec } from '../task/spec.ts'
import type { ChildFailurePolicy } from '../task/task.ts'

/** A task of a flow: it starts when all its children have ended, and not before its own time. */
export type FlowTaskSpec<N extends string = string, P = unknown> = Omit<
  TaskSpec<N, P>,
  'uniqueKey' | 'onConflict'
> & {
  /** Names of tasks in the same flow that it waits for; their results are in `context.children()`. */
  readonly children?: readonly string[]
  /** What becomes of it when a child is dead. Default `fail`. */
  readonly onChildFailed?: ChildFailurePolicy
}

/** A flow for the handlers of a map: tasks by name, without cycles. */
export type FlowSpecOf<H extends HandlerMap> = Readonly<
  Record<string, { [N in keyof H & string]: FlowTaskSpec<N, PayloadOf<H[N]>> }[keyof H & string]>
>

/** A checked task of a flow. */
export interface CheckedFlowTask {
  readonly name: string
  readonly checked: CheckedSpec
  readonly children: readonly string[]
  readonly onChildFailed: ChildFailurePolicy
}

const POLICIES: readonly unknown[] = ['fail', 'ignore', 'wait']
const MAX_NAME_LENGTH = 256

/** Checks the tasks and their graph. Throws TypeError, RangeError or HANDLER_MISSING. */
export function checkFlow(
  tasks: Readonly<Record<string, FlowTaskSpec>>,
  registry: HandlerRegistry,
  run: boolean,
  now: number,
): CheckedFlowTask[] {
  const checked = Object.entries(tasks).map(([name, spec]): CheckedFlowTask => {
    if (name.length === 0 || name.length > MAX_NAME_LENGTH || !name.isWellFormed()) {
      throw new RangeError(
        `the name of a task of a flow must have 1 to ${MAX_NAME_LENGTH} characters`,
      )
    }
    const { children = [], onChildFailed = 'fail', ...task } = spec
    if ((task as TaskSpec).uniqueKey !== undefined) {
      throw new TypeError(`uniqueKey of '${name}': tasks of a flow have none`)
    }
    if (!POLICIES.includes(onChildFailed)) {
      throw new RangeError(`onChildFailed of '${name}' must be 'fail', 'ignore' or 'wait'`)
    }
    const unknown = children.find((child) => !Object.hasOwn(tasks, child))
    if (unknown !== undefined) throw new RangeError(`'${name}' has no child named '${unknown}'`)
    if (new Set(children).size < children.length) {
      throw new RangeError(`a child of '${name}' is named twice`)
    }
    return { name, checked: checkSpec(task, registry, run, now), children, onChildFailed }
  })
  checkAcyclic(checked)
  return checked
}

/** Takes away tasks without children until none is left. */
function checkAcyclic(tasks: readonly CheckedFlowTask[]): void {
  const parents = new Map<string, string[]>()
  const open = new Map(tasks.map(({ name, children }) => [name, children.length]))
  for (const { name, children } of tasks) {
    for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name])
  }
  const free = tasks.filter(({ children }) => children.length === 0).map(({ name }) => name)
  let taken = 0
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    taken += 1
    for (const parent of parents.get(name) ?? []) {
      const left = (open.get(parent) ?? 0) - 1
      open.set(parent, left)
      if (left === 0) free.push(parent)
    }
  }
  if (taken < tasks.length) throw new RangeError('a flow must not wait for itself: it has a cycle')
}
