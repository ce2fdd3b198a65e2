import type { Message } from '../message/message.ts'
import type { Transport } from '../transport.ts'
import { type CliIo, payloadFields, payloadLine } from './io.ts'
import { type Command, count, headers, word } from './parse-command.ts'
import { UsageError } from './usage.ts'

/** `pub <subject> [payload]` */
export async function pub(transport: Transport, command: Command, io: CliIo): Promise<number> {
  assertReaches(transport)
  const subject = word(command, 1, 'the subject')
  const payload = await payloadOf(command, 2, io)
  transport.publish(subject, payload, { headers: headers(command), reply: command.flags.reply })
  await transport.flush()
  if (command.flags.json) await io.out(JSON.stringify({ subject, bytes: payload.byteLength }))
  return 0
}

/** `sub <pattern>` */
export async function sub(transport: Transport, command: Command, io: CliIo): Promise<number> {
  assertReaches(transport)
  const { flags } = command
  let left = count(command, 'count') ?? Infinity
  const subscription = transport.subscribe(word(command, 1, 'the pattern'), {
    queue: flags.queue,
    signal: io.signal,
  })
  await transport.flush()
  io.err('subscribed')
  for await (const message of subscription) {
    await io.out(flags.json ? JSON.stringify(messageFields(message)) : messageLine(message))
    left -= 1
    if (left <= 0) break
  }
  if (subscription.dropped > 0) io.err(`${subscription.dropped} messages were dropped: too slow`)
  return 0
}

/** `request <subject> [payload]` */
export async function request(transport: Transport, command: Command, io: CliIo): Promise<number> {
  assertReaches(transport)
  const subject = word(command, 1, 'the subject')
  const payload = await payloadOf(command, 2, io)
  const answer = await transport.request(subject, payload, {
    headers: headers(command),
    timeoutMs: count(command, 'timeout'),
    signal: io.signal,
  })
  await io.out(
    command.flags.json ? JSON.stringify(messageFields(answer)) : payloadLine(answer.payload),
  )
  return 0
}

/** The word at this place, or standard input where there is none or a dash. */
export async function payloadOf(command: Command, index: number, io: CliIo): Promise<Uint8Array> {
  const given = command.words[index]
  return given === undefined || given === '-' ? await io.readInput() : Buffer.from(given)
}

/** A message as JSON shows it. */
export function messageFields(message: Message): Record<string, unknown> {
  const { subject, reply, payload } = message
  return { subject, reply, headers: { ...message.headers }, ...payloadFields(payload) }
}

function messageLine(message: Message): string {
  return `${message.subject} ${payloadLine(message.payload)}`
}

function assertReaches(transport: Transport): void {
  if (transport.supports.distributed) return
  throw new UsageError('messages of an embedded store do not leave their process: use nats://')
}
