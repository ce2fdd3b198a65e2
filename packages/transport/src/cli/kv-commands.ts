import type { KeyValue, KvEntry } from '../kv/key-value.ts'
import type { Transport } from '../transport.ts'
import { type CliIo, payloadFields, payloadLine } from './io.ts'
import { payloadOf } from './message-commands.ts'
import { type Command, count, word } from './parse-command.ts'
import { UsageError } from './usage.ts'

const NOT_THERE = 3

/** `kv <get|put|delete|keys|watch> <bucket> ...` */
export async function kv(transport: Transport, command: Command, io: CliIo): Promise<number> {
  const action = word(command, 1, 'what to do with the bucket')
  const name = word(command, 2, "the bucket's name")
  // a name that is mistyped must not make a bucket
  const bucket = await transport.kv(name, action === 'put' ? undefined : { create: false })
  switch (action) {
    case 'get':
      return await get(bucket, command, io)
    case 'put':
      return await put(bucket, command, io)
    case 'delete':
      await bucket.delete(word(command, 3, 'the key'), { revision: count(command, 'revision') })
      return 0
    case 'keys':
      for await (const key of bucket.keys(command.words[3])) {
        await io.out(command.flags.json ? JSON.stringify({ key }) : key)
      }
      return 0
    case 'watch':
      return await watch(bucket, command, io)
    default:
      throw new UsageError(`kv ${action} is not there: get, put, delete, keys or watch`)
  }
}

async function get(bucket: KeyValue, command: Command, io: CliIo): Promise<number> {
  const key = word(command, 3, 'the key')
  const entry = await bucket.get(key)
  if (entry === undefined) {
    io.err(`ashlar-transport: no key ${key} in bucket ${bucket.bucket}`)
    return NOT_THERE
  }
  await io.out(command.flags.json ? JSON.stringify(entryFields(entry)) : payloadLine(entry.value))
  return 0
}

async function put(bucket: KeyValue, command: Command, io: CliIo): Promise<number> {
  const key = word(command, 3, 'the key')
  const value = await payloadOf(command, 4, io)
  const expected = count(command, 'revision')
  const revision = await (expected === undefined
    ? bucket.put(key, value)
    : bucket.update(key, value, expected))
  await io.out(command.flags.json ? JSON.stringify({ key, revision }) : String(revision))
  return 0
}

async function watch(bucket: KeyValue, command: Command, io: CliIo): Promise<number> {
  let left = count(command, 'count') ?? Infinity
  for await (const entry of bucket.watch({ key: command.words[3], signal: io.signal })) {
    const { key, revision, operation, value } = entry
    const line = `${revision} ${operation} ${key}${operation === 'put' ? ` ${payloadLine(value)}` : ''}`
    await io.out(command.flags.json ? JSON.stringify(entryFields(entry)) : line)
    left -= 1
    if (left <= 0) break
  }
  return 0
}

function entryFields(entry: KvEntry): Record<string, unknown> {
  const { key, revision, operation, timestampMs, value } = entry
  return { key, revision, operation, timestampMs, ...payloadFields(value) }
}
