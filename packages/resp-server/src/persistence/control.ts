import { createRecordCodec } from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { RespServerError } from '../errors.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import { controlKey } from './layout.ts'

/** What must be known before the first command: small, rewritten whole when it changes. */
export interface ControlState {
  /** Table of each database, by index. */
  readonly tables: readonly number[]
  readonly nextTable: number
  /** Collection ids below this may be in use. */
  readonly idCeiling: number
}

const codec = createRecordCodec<ControlState>({ version: 1 })
const counts = createRecordCodec<number>({ version: 1 })

export const CONTROL_KEY: Buffer = controlKey('state')
/** There while marks of garbage may be: without it a start need not look for any. */
export const GARBAGE_FLAG: Buffer = controlKey('garbage')
export const countKey = (table: number): Buffer => controlKey(`count:${table}`)
export const encodeControl = (state: ControlState): Uint8Array => codec.encode(state)
export const encodeCount = (count: number): Uint8Array => counts.encode(count)

/** Key of a library of functions; the value is its text. */
export const libraryKey = (name: string): Buffer => controlKey(`library:${name}`)

/** Key of something that a module keeps beside keys. Names of modules have no colon. */
export const moduleRecordKey = (module: string, name: string): Buffer =>
  controlKey(`module:${module}:${name}`)

/** What {@link moduleRecordKey} was made of; undefined for another key. */
export function moduleRecordOf(
  key: Buffer,
): { readonly module: string; readonly name: string } | undefined {
  const [kind, module, ...name] = readLatin1(key, 1).split(':')
  if (kind !== 'module' || module === undefined) return undefined
  return { module, name: name.join(':') }
}

/** Whom this server follows, and how far it came. */
export const UPSTREAM_KEY: Buffer = controlKey('upstream')

/** What replicas of Redis' protocol hold of this server when it ends in order. */
export interface History {
  /** Names under which they know it. */
  readonly ids: readonly string[]
  /** How many bytes they were sent. */
  readonly bytes: number
}

/** With the sequence of the store that it was written as: nothing may have been written since. */
interface StoredHistory extends History {
  readonly sequence: number
  readonly databases: number
}

const histories = createRecordCodec<StoredHistory>({ version: 1 })
const HISTORY_KEY: Buffer = controlKey('history')

/** Makes it the last thing that the store was told. */
export async function writeHistory(
  store: Store,
  history: History,
  databases: number,
): Promise<void> {
  const sequence = store.lastSequence + 1
  const record = histories.encode({ ...history, sequence, databases })
  await store.write(store.batch().put(HISTORY_KEY, record), { sync: 'none' })
}

/**
 * Undefined unless the store is as it was when the history was written: any write since, by whomever,
 * has taken a sequence. A crash is no exception, as it brings back no more than there was.
 */
export function readHistory(store: Store, databases: number): History | undefined {
  const bytes = store.getSync(HISTORY_KEY)
  if (bytes === undefined) return undefined
  const history = histories.decode(bytes)
  return history.sequence === store.lastSequence && history.databases === databases
    ? history
    : undefined
}

/** The values of all records whose key begins with a prefix, by the rest of the key. */
export function readTexts(store: Store, prefix: Buffer): Map<string, string> {
  const texts = new Map<string, string>()
  const iterator = store.iterator({ prefix })
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    texts.set(readLatin1(asBuffer(entry[0]), prefix.length), readLatin1(asBuffer(entry[1])))
  }
  iterator.close()
  return texts
}

export function readControl(store: Store): ControlState | undefined {
  const bytes = store.getSync(CONTROL_KEY)
  if (bytes === undefined) return undefined
  try {
    return codec.decode(bytes)
  } catch (cause) {
    const message = 'the store holds no readable resp-server state; is this another kind of store?'
    throw new RespServerError('STORE_FORMAT', message, { cause })
  }
}

export function readCount(store: Store, table: number): number {
  const bytes = store.getSync(countKey(table))
  return bytes === undefined ? 0 : counts.decode(bytes)
}

/** Adds tables for databases that the store does not know yet. */
export function completeState(state: ControlState | undefined, databases: number): ControlState {
  const tables = [...(state?.tables ?? [])]
  let nextTable = state?.nextTable ?? 0
  while (tables.length < databases) {
    tables.push(nextTable)
    nextTable += 1
  }
  return { tables, nextTable, idCeiling: state?.idCeiling ?? 1 }
}
