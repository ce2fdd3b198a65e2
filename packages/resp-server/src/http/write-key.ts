import { RequestError } from '@ashlar/service-kit'
import { ReplyError } from '../errors.ts'
import type { CommandArgument } from '../server/in-process.ts'
import { type JsonBytes, listOf, toArgument } from './json.ts'
import type { Session } from './session.ts'

type Argument = JsonBytes | number

/** What a key is to hold, as JSON; checked against its schema before. */
export interface KeyValue {
  readonly ttlMs?: number | null
  readonly mode: 'replace' | 'add' | 'create'
  readonly value?: Argument
  readonly fields?: readonly { readonly field: Argument; readonly value: Argument }[]
  readonly items?: readonly Argument[]
  readonly members?: readonly Argument[]
  readonly scored?: readonly { readonly member: Argument; readonly score: number }[]
  readonly entries?: readonly { readonly id?: string; readonly fields: readonly Argument[] }[]
}

const KINDS = ['value', 'fields', 'items', 'members', 'scored', 'entries'] as const

/** Sets a key as one transaction: it is there whole or as it was. */
export async function writeKey(
  session: Session,
  key: CommandArgument,
  body: KeyValue,
): Promise<void> {
  if (KINDS.filter((kind) => body[kind] !== undefined).length !== 1) {
    const message = `give exactly one of ${KINDS.join(', ')}`
    throw new RequestError(400, 'REQUEST_INVALID', message)
  }
  if (body.mode === 'create') {
    // whoever makes the key in between wins
    await session.run('WATCH', key)
    if ((await session.run('EXISTS', key)) === 1) throw taken()
  }
  await session.run('MULTI')
  if (body.mode === 'replace') await session.run('DEL', key)
  for (const command of commandsOf(key, body)) await session.run(...command)
  if (body.ttlMs === null) await session.run('PERSIST', key)
  else if (body.ttlMs !== undefined) await session.run('PEXPIRE', key, body.ttlMs)
  const answer = await session.run('EXEC')
  if (answer === undefined) throw taken()
  const failure = listOf(answer).find((one) => one instanceof ReplyError)
  if (failure instanceof ReplyError) throw failure
}

function commandsOf(key: CommandArgument, body: KeyValue): CommandArgument[][] {
  const { value, fields, items, members, scored, entries } = body
  if (value !== undefined) {
    return [[body.mode === 'add' ? 'APPEND' : 'SET', key, toArgument(value)]]
  }
  if (fields !== undefined) {
    const pairs = fields.flatMap((one) => [toArgument(one.field), toArgument(one.value)])
    return [['HSET', key, ...pairs]]
  }
  if (items !== undefined) return [['RPUSH', key, ...items.map(toArgument)]]
  if (members !== undefined) return [['SADD', key, ...members.map(toArgument)]]
  if (scored !== undefined) {
    return [['ZADD', key, ...scored.flatMap((one) => [one.score, toArgument(one.member)])]]
  }
  return (entries ?? []).map((one) => ['XADD', key, one.id ?? '*', ...one.fields.map(toArgument)])
}

const taken = (): RequestError => new RequestError(409, 'BUSYKEY', 'the key is there already')
