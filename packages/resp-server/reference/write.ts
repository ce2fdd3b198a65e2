import { writeFileSync } from 'node:fs'
import { ALL_COMMANDS } from '../src/commands/all.ts'
import { renderReference } from './render.ts'

writeFileSync(new URL('../docs/commands.md', import.meta.url), renderReference(ALL_COMMANDS))
