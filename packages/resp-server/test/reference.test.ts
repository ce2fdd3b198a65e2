import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderReference } from '../reference/render.ts'
import { ALL_COMMANDS } from '../src/commands/all.ts'

test('the page of commands is that of the table: `pnpm --filter @ashlar/resp-server reference` writes it', () => {
  const page = readFileSync(new URL('../docs/commands.md', import.meta.url), 'utf8')
  expect(page).toBe(renderReference(ALL_COMMANDS))
  for (const { name } of ALL_COMMANDS) {
    expect(page).toMatch(new RegExp(`^\\| \`${name.toUpperCase()}[\` ]`, 'm'))
  }
})
