import type { CommandDefinition } from './command.ts'
import { COUNTER_COMMANDS } from './counters.ts'
import { STRING_COMMANDS } from './strings.ts'

/** The command table: one file per group, and nothing is dispatched that does not stand here. */
export const ALL_COMMANDS: readonly CommandDefinition[] = [...STRING_COMMANDS, ...COUNTER_COMMANDS]
