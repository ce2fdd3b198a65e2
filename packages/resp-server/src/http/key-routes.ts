import type { Schema } from '@ashlar/service-kit'
import { RequestError } from '@ashlar/service-kit'
import type { CommandArgument } from '../server/in-process.ts'
import { bytesOf, type JsonBytes, listOf, textOf, toArgument } from './json.ts'
import { readKey } from './read-key.ts'
import type { Route, Visit } from './route.ts'
import { type KeyValue, writeKey } from './write-key.ts'

const key: Schema = { type: 'string', description: 'The key.' }
const encoding: Schema = {
  type: 'string',
  enum: ['utf8', 'base64'],
  default: 'utf8',
  description: 'How the key stands in the query.',
}
const page: Readonly<Record<string, Schema>> = {
  cursor: { type: 'string', description: 'From the answer before.' },
  count: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 },
}
const named = { key, encoding }

/** The key that a request names. */
function keyOf({ request }: Visit): CommandArgument {
  const { key: text, encoding: how } = request.query as { key: string; encoding: string }
  return how === 'base64' ? Buffer.from(text, 'base64') : text
}

async function listKeys({ session, request }: Visit): Promise<unknown> {
  const { cursor, count, match, type, memory } = request.query as {
    cursor?: string
    count: number
    match?: string
    type?: string
    memory: boolean
  }
  const filters = [...(match ? ['MATCH', match] : []), ...(type ? ['TYPE', type] : [])]
  const answer = await session.run('SCAN', cursor ?? '0', 'COUNT', count, ...filters)
  const [next, found] = listOf(answer)
  await session.doNotTouch()
  const keys: unknown[] = []
  for (const one of listOf(found)) {
    if (!Buffer.isBuffer(one)) continue
    const kind = textOf(await session.run('TYPE', one))
    // it may have expired meanwhile
    if (kind === 'none') continue
    const ttlMs = await session.run('PTTL', one)
    const memoryBytes = memory ? await session.run('MEMORY', 'USAGE', one) : undefined
    keys.push({
      key: bytesOf(one),
      type: kind,
      ttlMs: typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : null,
      ...(typeof memoryBytes === 'number' && { memoryBytes }),
    })
  }
  const goesOn = textOf(next)
  return { keys, ...(goesOn !== '0' && { cursor: goesOn }) }
}

async function changeKey(visit: Visit): Promise<unknown> {
  const { session, request } = visit
  const { ttlMs, rename } = request.body as { ttlMs?: number | null; rename?: JsonBytes }
  if (ttlMs === undefined && rename === undefined) {
    throw new RequestError(400, 'REQUEST_INVALID', 'give ttlMs, rename or both')
  }
  const name = keyOf(visit)
  if ((await session.run('EXISTS', name)) === 0) throw unknownKey()
  if (ttlMs === null) await session.run('PERSIST', name)
  else if (ttlMs !== undefined) await session.run('PEXPIRE', name, ttlMs)
  if (rename !== undefined && (await session.run('RENAMENX', name, toArgument(rename))) === 0) {
    throw new RequestError(409, 'BUSYKEY', 'there is a key of the new name')
  }
  return { outcome: 'changed' }
}

/** Command that removes elements by name, by type of key. */
const REMOVERS: Readonly<Record<string, string>> = {
  hash: 'HDEL',
  set: 'SREM',
  zset: 'ZREM',
  stream: 'XDEL',
}

async function removeElement(visit: Visit): Promise<unknown> {
  const { session, request } = visit
  const { element, encoding: how } = request.query as { element: string; encoding: string }
  const name = keyOf(visit)
  const type = textOf(await session.run('TYPE', name))
  const bytes = how === 'base64' ? Buffer.from(element, 'base64') : element
  const command = REMOVERS[type]
  if (type === 'none') throw unknownKey()
  if (command === undefined && type !== 'list') {
    throw new RequestError(409, 'WRONGTYPE', `a ${type} has no elements that can be removed`)
  }
  const removed =
    command === undefined
      ? await session.run('LREM', name, 1, bytes)
      : await session.run(command, name, bytes)
  if (removed === 0) throw new RequestError(404, 'ELEMENT_UNKNOWN', 'there is no such element')
  return { outcome: 'removed' }
}

const unknownKey = (): RequestError => new RequestError(404, 'KEY_UNKNOWN', 'there is no such key')

export const KEY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/keys',
    id: 'listKeys',
    summary: 'Keys page by page, each at least once, with type and time to live',
    query: {
      ...page,
      match: { type: 'string', description: "A pattern as SCAN's MATCH takes it." },
      type: { type: 'string', description: 'Only keys of this type.' },
      memory: {
        type: 'boolean',
        default: false,
        description: 'With an estimate of what each takes: brings values into memory.',
      },
    },
    answer: 'KeyPage',
    run: listKeys,
  },
  {
    method: 'GET',
    path: '/key',
    id: 'getKey',
    summary: 'What a key holds, page by page',
    query: { ...named, ...page },
    requires: ['key'],
    answer: 'KeyView',
    async run(visit) {
      const { cursor, count } = visit.request.query as { cursor?: string; count: number }
      const found = await readKey(visit.session, keyOf(visit), cursor, count)
      if (found === undefined) throw unknownKey()
      return found
    },
  },
  {
    method: 'PUT',
    path: '/key',
    id: 'putKey',
    summary: 'Sets a key, as one transaction',
    query: named,
    requires: ['key'],
    body: 'KeyValue',
    answer: 'Outcome',
    async run(visit) {
      await writeKey(visit.session, keyOf(visit), visit.request.body as KeyValue)
      return { outcome: 'set' }
    },
  },
  {
    method: 'PATCH',
    path: '/key',
    id: 'changeKey',
    summary: 'Gives a key another time to live or name',
    query: named,
    requires: ['key'],
    body: 'KeyChange',
    answer: 'Outcome',
    run: changeKey,
  },
  {
    method: 'DELETE',
    path: '/key',
    id: 'deleteKey',
    summary: 'Removes a key',
    query: named,
    requires: ['key'],
    answer: 'Outcome',
    async run(visit) {
      if ((await visit.session.run('UNLINK', keyOf(visit))) === 0) throw unknownKey()
      return { outcome: 'removed' }
    },
  },
  {
    method: 'DELETE',
    path: '/key/element',
    id: 'deleteElement',
    summary: 'Removes a field, member, entry, or the first item that equals',
    query: { ...named, element: { type: 'string', description: 'Encoded as the key.' } },
    requires: ['key', 'element'],
    answer: 'Outcome',
    run: removeElement,
  },
]
