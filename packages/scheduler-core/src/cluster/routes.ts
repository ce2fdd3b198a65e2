import type { Random } from '@ashlar/codec'
import type { TaskSpec } from '../task/spec.ts'
import { hashOf } from './hash.ts'

/**
 * What decides where a task is: its key, so that the tasks of a key are in one place; else its unique
 * key, so that those with the same one meet; else chance. Changing this is a new format of the
 * configuration.
 */
export function hashOfTask(
  { queue = 'default', tenant = '', key, uniqueKey }: Partial<TaskSpec>,
  random: Random,
): number {
  if (key !== undefined) return hashOfKey(queue, tenant, key)
  if (uniqueKey !== undefined) return hashOfUnique(queue, uniqueKey)
  return Math.floor(random.next() * 2 ** 32)
}

export function hashOfKey(queue: string, tenant: string, key: string): number {
  return hashOf(`k\0${queue}\0${tenant}\0${key}`)
}

/** Of a task without a key. */
export function hashOfUnique(queue: string, uniqueKey: string): number {
  return hashOf(`u\0${queue}\0${uniqueKey}`)
}

export function hashOfSchedule(id: string): number {
  return hashOf(`s\0${id}`)
}
