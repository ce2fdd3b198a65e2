import { type Logger, silentLogger } from '@ashlar/codec'
import { expect, test } from 'vitest'

test('the silent logger has all levels and cannot be changed for others', () => {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    expect(silentLogger[level]('message', { field: 1 })).toBeUndefined()
  }
  expect(() => Object.assign(silentLogger, { info: () => {} } satisfies Partial<Logger>)).toThrow(
    TypeError,
  )
})
