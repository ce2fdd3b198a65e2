import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { HandlerMap } from '../run/handler.ts'

/** A module whose default export, or `handlers`, is a map of handlers. */
export async function loadHandlers(file: string): Promise<HandlerMap> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  const handlers = module['handlers'] ?? module['default']
  if (typeof handlers !== 'object' || handlers === null) {
    throw new RangeError(`${file} must export handlers, or have them as its default export`)
  }
  return handlers as HandlerMap
}

/** A flag that is a whole number. */
export function numberOf(text: string, flag: string, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= most && text !== '') return number
  throw new RangeError(`${flag} must be a number from 0 to ${most}, not ${text}`)
}
