import type { ListPage } from '../scheduler/inspector.ts'
import type { ListState } from '../scheduler/list-query.ts'
import type { PauseOptions } from '../scheduler/pausing.ts'
import { Progress, printFields, printJson, printTable, printTasks, timeOf } from './output.ts'
import { openTarget, type Target, type TargetFlags } from './target.ts'

/** What every command takes. */
export interface CommonFlags extends TargetFlags {
  readonly json?: boolean
}

export interface ListFlags extends CommonFlags {
  readonly state: ListState
  readonly queue?: string
  readonly key?: string
  readonly tenant?: string
  readonly handler?: string
  readonly text?: string
  readonly limit: string
  readonly cursor?: string
}

/** A command did what it could, and not all that was asked. */
export class CommandFailed extends Error {}

export async function list(flags: ListFlags): Promise<void> {
  const { state, queue, key, tenant, handler, text, cursor, json } = flags
  const limit = Number(flags.limit)
  await using target = await openTarget(flags)
  const page: ListPage = await target.list({
    state,
    limit,
    ...(queue !== undefined && { queue }),
    ...(key !== undefined && { key }),
    ...(tenant !== undefined && { tenant }),
    ...(handler !== undefined && { handler }),
    ...(text !== undefined && { text }),
    ...(cursor !== undefined && { cursor }),
  })
  if (json === true) return printJson(page)
  printTasks(page.tasks)
  if (page.cursor !== undefined) console.log(`more: --cursor ${page.cursor}`)
}

export async function show(id: string, flags: CommonFlags): Promise<void> {
  await using target = await openTarget(flags)
  const task = await target.get(id)
  if (task === undefined) throw new CommandFailed(`there is no task ${id}`)
  if (flags.json === true) printJson(task)
  else printFields(task)
}

export function cancel(ids: readonly string[], flags: CommonFlags): Promise<void> {
  return each(ids, flags, 'cancelled', (target, id) => target.cancel(id))
}

/** Runs a task as soon as it can: a dead letter lives again, one that waits need not wait. */
export function retry(ids: readonly string[], flags: CommonFlags): Promise<void> {
  return each(ids, flags, 'retried', async (target, id) => {
    const task = await target.get(id)
    if (task === undefined) return 'unknown'
    if (task.state === 'dead') return (await target.redrive(id)) === 1 ? 'retried' : 'unknown'
    const outcome = await target.reschedule(id, { delayMs: 0 })
    return outcome === 'rescheduled' ? 'retried' : outcome
  })
}

export async function redrive(queue: string, flags: CommonFlags): Promise<void> {
  await using target = await openTarget(flags)
  const { queues } = await target.stats()
  const total = queues[queue]?.dead
  if (total === undefined) throw new CommandFailed(`there is no queue ${queue}`)
  const progress = new Progress('redriving', total)
  let redriven = 0
  while (redriven < total) {
    const some = await target.redrive({ queue })
    if (some === 0) break // what is left cannot live again
    redriven += some
    progress.at(redriven)
  }
  progress.end()
  if (flags.json === true) printJson({ queue, redriven, dead: total - redriven })
  else console.log(`${queue}: ${redriven} of ${total} dead letters redriven`)
  if (redriven < total) throw new CommandFailed(`${total - redriven} dead letters stay`)
}

export interface EditFlags extends CommonFlags {
  readonly payload?: string
  readonly priority?: string
}

/** Gives a task that has not started another payload or priority. */
export function edit(id: string, flags: EditFlags): Promise<void> {
  const { payload, priority } = flags
  if (payload === undefined && priority === undefined) {
    throw new RangeError('give --payload, --priority or both')
  }
  const change = {
    ...(payload !== undefined && { payload: jsonOf(payload, '--payload') }),
    ...(priority !== undefined && { priority: Number(priority) }),
  }
  return each([id], flags, 'edited', (target) => target.edit(id, change))
}

export interface PauseFlags extends CommonFlags {
  readonly key?: string
  readonly tenant?: string
}

export function pause(queues: readonly string[], flags: PauseFlags): Promise<void> {
  const of = keyOf(flags)
  return each(queues, flags, 'paused', async (target, queue) => {
    await target.pause(queue, of)
    return 'paused'
  })
}

export function resume(queues: readonly string[], flags: PauseFlags): Promise<void> {
  const of = keyOf(flags)
  return each(queues, flags, 'resumed', async (target, queue) => {
    await target.resume(queue, of)
    return 'resumed'
  })
}

function keyOf({ key, tenant }: PauseFlags): PauseOptions | undefined {
  if (key !== undefined) return { key, ...(tenant !== undefined && { tenant }) }
  if (tenant === undefined) return undefined
  throw new RangeError('--tenant tells whose key it is: give --key too')
}

function jsonOf(text: string, flag: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RangeError(`${flag} must be JSON`, { cause })
  }
}

export async function stats(flags: CommonFlags): Promise<void> {
  await using target = await openTarget(flags)
  const { queues, stale } = await target.stats()
  if (flags.json === true) return printJson({ queues, stale })
  printTable(
    ['QUEUE', 'SCHEDULED', 'WAITING', 'BLOCKED', 'RUNNING', 'DEAD', 'COMPLETED', ''],
    Object.entries(queues).map(([name, queue]) => [
      name,
      String(queue.scheduled),
      String(queue.waiting),
      String(queue.blocked),
      String(queue.running),
      String(queue.dead),
      String(queue.completed),
      queue.paused ? 'paused' : '',
    ]),
  )
  if (stale.count > 0) {
    const since = timeOf(Date.now() - stale.oldestMs)
    console.log(
      `${stale.count} tasks are overdue by more than 5 minutes, the oldest since ${since}`,
    )
  }
}

/** The same change of several things; fails when one of them did not come about. */
export async function each(
  names: readonly string[],
  flags: CommonFlags,
  wanted: string,
  change: (target: Target, name: string) => Promise<string>,
): Promise<void> {
  await using target = await openTarget(flags)
  const outcomes: Record<string, string> = {}
  for (const name of names) {
    const outcome = await change(target, name)
    outcomes[name] = outcome
    if (flags.json !== true) console.log(`${name}  ${outcome}`)
  }
  if (flags.json === true) printJson(outcomes)
  const failed = Object.values(outcomes).filter((outcome) => outcome !== wanted).length
  if (failed > 0) throw new CommandFailed(`${failed} of ${names.length} not ${wanted}`)
}
