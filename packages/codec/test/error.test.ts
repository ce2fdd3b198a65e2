import { CodecError, isCodecError } from '@ashlar/codec'
import { expect, test } from 'vitest'

test('an error carries code, offset and cause', () => {
  const cause = new Error('first')
  const error = new CodecError('KEY_CORRUPT', 'what to do', { offset: 7, cause })
  expect(error).toMatchObject({ name: 'CodecError', code: 'KEY_CORRUPT', offset: 7, cause })
  expect(error).toBeInstanceOf(Error)
})

test('an error without a cause has none', () => {
  expect(Object.hasOwn(new CodecError('KEY_CORRUPT', ''), 'cause')).toBe(false)
})

test('isCodecError goes by name and code, so another copy of the package is recognised', () => {
  const own = new CodecError('CLOCK_DRIFT', '')
  const foreign = Object.assign(new Error(''), { name: 'CodecError', code: 'CLOCK_DRIFT' })
  expect(isCodecError(own)).toBe(true)
  expect(isCodecError(foreign, 'CLOCK_DRIFT')).toBe(true)
  expect(isCodecError(own, 'KEY_CORRUPT')).toBe(false)
  expect(isCodecError(new Error('CodecError'))).toBe(false)
  expect(isCodecError({ name: 'CodecError', code: 'CLOCK_DRIFT' })).toBe(false)
})
