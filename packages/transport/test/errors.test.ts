import { isTransportError, TransportError } from '@ashlar/transport'
import { expect, test } from 'vitest'

test('a transport error carries code, cause and the figure found', () => {
  const cause = new Error('below')
  const error = new TransportError('KV_CONFLICT', 'revision 4', { cause, actual: 4 })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'TransportError', code: 'KV_CONFLICT', actual: 4, cause })
})

test('isTransportError judges by name and code, so that two copies of the package agree', () => {
  const foreign = Object.assign(new Error('x'), { name: 'TransportError', code: 'TIMEOUT' })
  expect(isTransportError(foreign)).toBe(true)
  expect(isTransportError(foreign, 'TIMEOUT')).toBe(true)
  expect(isTransportError(foreign, 'CLOSED')).toBe(false)
  expect(isTransportError(new Error('x'))).toBe(false)
  expect(isTransportError({ name: 'TransportError', code: 'TIMEOUT' })).toBe(false)
  expect(isTransportError(undefined)).toBe(false)
})
