// Runs before each file of tests: properties begin with the seed PROPERTY_SEED, 1 unless told otherwise,
// so that the tests of a commit are the same each time. `pnpm soak` tries other seeds.
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

const { testPath } = expect.getState()
// most files have no properties, and fast-check takes its time to load
if (testPath !== undefined && readFileSync(testPath, 'utf8').includes("from 'fast-check'")) {
  const { configureGlobal } = await import('fast-check')
  configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) })
}
