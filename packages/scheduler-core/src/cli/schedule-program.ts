import type { Command } from 'commander'
import { command } from './command.ts'
import type { CommonFlags } from './commands.ts'
import {
  changeSchedules,
  listSchedules,
  type PreviewFlags,
  previewSchedule,
  type ScheduleListFlags,
  showSchedule,
  triggerSchedules,
} from './schedule-commands.ts'

/** The commands on tasks that recur. */
export function addSchedules(program: Command): void {
  const schedules = program
    .command('schedules')
    .description('Looks after tasks that recur.')
    .exitOverride()
  command(schedules, 'list', 'Lists schedules by id, with their next time.')
    .option('--limit <number>', 'at most so many, up to 1000', '20')
    .option('--cursor <cursor>', 'from where the last page ended')
    .action((flags: ScheduleListFlags) => listSchedules(flags))
  command(schedules, 'show', 'Shows a schedule with all that its tasks are made of.')
    .argument('<id>')
    .action((id: string, flags: CommonFlags) => showSchedule(id, flags))
  command(schedules, 'preview', 'Shows the next times of a schedule, or of what the flags say.')
    .argument('[id]')
    .option('--cron <expression>', 'instead of an id: five fields, or six with seconds in front')
    .option('--rrule <rule>', 'instead of an id: a rule of RFC 5545')
    .option('--every-ms <number>', 'instead of an id: at this distance')
    .option('--time-zone <zone>', 'of an expression or a rule; UTC if absent')
    .option('--start-at <time>', 'where a rule or a distance is counted from')
    .option('--after <time>', 'only times after this')
    .option('--count <number>', 'so many, up to 1000', '10')
    .action((id: string | undefined, flags: PreviewFlags) => previewSchedule(id, flags))
  command(schedules, 'pause', 'Lets schedules make no tasks.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => changeSchedules(ids, 'pause', flags))
  command(schedules, 'resume', 'Lets schedules make tasks again, from now on.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => changeSchedules(ids, 'resume', flags))
  command(schedules, 'remove', 'Forgets schedules; tasks that they have made stay.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => changeSchedules(ids, 'remove', flags))
  command(schedules, 'trigger', 'Makes one task of each schedule now.')
    .argument('<id...>')
    .action((ids: string[], flags: CommonFlags) => triggerSchedules(ids, flags))
}
