import assert from 'node:assert/strict'
import { isTransportError, type TransportError, type TransportErrorCode } from '../errors.ts'
import type { Payload } from '../message/message.ts'
import { soon } from './reader.ts'

/** UTF-8 bytes of a text. */
export function bytes(text: string): Payload {
  return new TextEncoder().encode(text)
}

/** The text of a payload. */
export function text(message: { readonly payload: Payload } | undefined): string | undefined {
  return message === undefined ? undefined : new TextDecoder().decode(message.payload)
}

/** The texts of several payloads. */
export function texts(messages: readonly { readonly payload: Payload }[]): (string | undefined)[] {
  return messages.map(text)
}

/** Plain bytes for a deep comparison, whatever subclass they came in. */
export function plain(payload: Payload): number[] {
  return [...payload]
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** Fails unless the promise rejects with a transport error of this code. */
export async function rejects(
  promise: Promise<unknown>,
  ...codes: readonly TransportErrorCode[]
): Promise<TransportError> {
  const error = await soon(
    promise.then(
      () => assert.fail(`expected ${codes.join(' or ')}, but it succeeded`),
      (reason: unknown) => reason,
    ),
    `the rejection with ${codes.join(' or ')}`,
  )
  return expectCode(error, codes)
}

/** Fails unless the function throws a transport error of this code. */
export function throws(action: () => unknown, ...codes: readonly TransportErrorCode[]): void {
  try {
    action()
  } catch (error) {
    expectCode(error, codes)
    return
  }
  assert.fail(`expected ${codes.join(' or ')}, but it succeeded`)
}

/** Fails unless the promise rejects with an error of this class. */
export async function rejectsAs(
  promise: Promise<unknown>,
  kind: typeof TypeError | typeof RangeError,
): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof kind)
}

function expectCode(error: unknown, codes: readonly TransportErrorCode[]): TransportError {
  if (!isTransportError(error)) throw error
  assert.ok(codes.includes(error.code), `expected ${codes.join(' or ')}, got ${error.code}`)
  return error
}
