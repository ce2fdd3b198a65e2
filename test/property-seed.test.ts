import fc from 'fast-check'
import { expect, test } from 'vitest'

test('properties begin with the seed of the run, which is the same for each run of a commit', () => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? 1)
  expect(fc.readConfigureGlobal()).toMatchObject({ seed })
  const values: number[] = []
  fc.assert(fc.property(fc.integer(), (value) => void values.push(value)))
  const again: number[] = []
  fc.assert(
    fc.property(fc.integer(), (value) => void again.push(value)),
    { seed },
  )
  expect(values).toEqual(again)
})
