import { type PreviewOptions, previewOf } from '../recurrence/preview.ts'
import { recurrenceOf } from '../recurrence/recurrence.ts'
import { checkTiming, type Timing } from '../recurrence/timing.ts'
import { CommandFailed, type CommonFlags, each } from './commands.ts'
import { printFields, printJson, printTable, timeOf } from './output.ts'
import { openTarget } from './target.ts'

export interface ScheduleListFlags extends CommonFlags {
  readonly limit: string
  readonly cursor?: string
}

export interface PreviewFlags extends CommonFlags {
  readonly cron?: string
  readonly rrule?: string
  readonly everyMs?: string
  readonly timeZone?: string
  readonly startAt?: string
  readonly after?: string
  readonly count: string
}

export async function listSchedules(flags: ScheduleListFlags): Promise<void> {
  const { cursor, json } = flags
  await using target = await openTarget(flags)
  const query = { limit: Number(flags.limit), ...(cursor !== undefined && { cursor }) }
  const page = await target.schedules.list(query)
  if (json === true) return printJson(page)
  printTable(
    ['ID', 'PATTERN', 'TIME ZONE', 'QUEUE', 'HANDLER', 'NEXT', ''],
    page.schedules.map(({ id, pattern, timeZone, queue, handler, nextAt, paused }) => [
      id,
      pattern,
      timeZone,
      queue,
      handler,
      nextAt === undefined ? 'never' : timeOf(nextAt),
      paused ? 'paused' : '',
    ]),
  )
  if (page.cursor !== undefined) console.log(`more: --cursor ${page.cursor}`)
}

export async function showSchedule(id: string, flags: CommonFlags): Promise<void> {
  await using target = await openTarget(flags)
  const schedule = await target.schedules.get(id)
  if (schedule === undefined) throw unknownSchedule(id)
  if (flags.json === true) printJson(schedule)
  else printFields(schedule)
}

/** The next times of a schedule, or of a timing, which needs no store. */
export async function previewSchedule(id: string | undefined, flags: PreviewFlags): Promise<void> {
  const options: PreviewOptions = {
    count: Number(flags.count),
    ...(flags.after !== undefined && { after: momentOf(flags.after, '--after') }),
  }
  const times = await timesOf(id, flags, options)
  if (flags.json === true) printJson({ times })
  else for (const time of times) console.log(timeOf(time))
}

export function changeSchedules(
  ids: readonly string[],
  change: 'pause' | 'resume' | 'remove',
  flags: CommonFlags,
): Promise<void> {
  const done = { pause: 'paused', resume: 'resumed', remove: 'removed' }[change]
  return each(ids, flags, done, async ({ schedules }, id) =>
    (await schedules[change](id)) ? done : 'unknown',
  )
}

/** Makes a task of each schedule now. */
export function triggerSchedules(ids: readonly string[], flags: CommonFlags): Promise<void> {
  return each(ids, flags, 'triggered', async ({ schedules }, id) =>
    (await schedules.trigger(id)) === undefined ? 'unknown' : 'triggered',
  )
}

async function timesOf(
  id: string | undefined,
  flags: PreviewFlags,
  options: PreviewOptions,
): Promise<readonly number[]> {
  const timing = timingOf(flags)
  if ((id === undefined) === (timing === undefined)) {
    throw new RangeError('give the id of a schedule, or one of --cron, --rrule and --every-ms')
  }
  if (timing !== undefined) {
    const now = Date.now()
    return previewOf(recurrenceOf(checkTiming(timing), now), options, now)
  }
  await using target = await openTarget(flags)
  const times = await target.schedules.preview(id ?? '', options)
  if (times === undefined) throw unknownSchedule(id ?? '')
  return times
}

/** `undefined`: the flags give none. */
function timingOf({ cron, rrule, everyMs, timeZone, startAt }: PreviewFlags): Timing | undefined {
  if (cron === undefined && rrule === undefined && everyMs === undefined) return undefined
  return {
    ...(cron !== undefined && { cron }),
    ...(rrule !== undefined && { rrule }),
    ...(everyMs !== undefined && { everyMs: Number(everyMs) }),
    ...(timeZone !== undefined && { timeZone }),
    ...(startAt !== undefined && { startAt: momentOf(startAt, '--start-at') }),
  } as Timing // checkTiming refuses what does not go together
}

/** An ISO 8601 date, or milliseconds since the epoch; nothing that only Date.parse understands. */
function momentOf(text: string, flag: string): Date {
  const ms = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number(text)
  if (text.length > 4 && !Number.isNaN(ms)) return new Date(ms)
  throw new RangeError(`${flag} must be a time as 2026-03-29T01:00:00Z, not ${text}`)
}

function unknownSchedule(id: string): CommandFailed {
  return new CommandFailed(`there is no schedule ${id}`)
}
