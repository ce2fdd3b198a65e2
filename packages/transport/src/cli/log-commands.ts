import type { Log } from '../log/log.ts'
import type { Transport } from '../transport.ts'
import { type CliIo, payloadLine } from './io.ts'
import { messageFields, payloadOf } from './message-commands.ts'
import { type Command, count, headers, word } from './parse-command.ts'
import { UsageError } from './usage.ts'

/** `log <tail|append|info> <log> ...` */
export async function log(transport: Transport, command: Command, io: CliIo): Promise<number> {
  const action = word(command, 1, 'what to do with the log')
  const opened = await transport.log(word(command, 2, "the log's name"))
  switch (action) {
    case 'tail':
      return await tail(opened, command, io)
    case 'append':
      return await append(opened, command, io)
    case 'info': {
      const info = await opened.info()
      const lines = Object.entries(info).map(([name, value]) => `${name}: ${value}`)
      await io.out(command.flags.json ? JSON.stringify(info) : lines.join('\n'))
      return 0
    }
    default:
      throw new UsageError(`log ${action} is not there: tail, append or info`)
  }
}

async function tail(opened: Log, command: Command, io: CliIo): Promise<number> {
  const { flags } = command
  const messages = opened.read({
    subject: flags.subject,
    fromSequence: count(command, 'from'),
    limit: count(command, 'limit'),
    live: flags.follow,
    signal: io.signal,
  })
  for await (const message of messages) {
    const { sequence, timestampMs, subject, payload } = message
    const at = new Date(timestampMs).toISOString()
    await io.out(
      flags.json
        ? JSON.stringify({ sequence, timestampMs, ...messageFields(message) })
        : `${sequence} ${at} ${subject} ${payloadLine(payload)}`,
    )
  }
  return 0
}

async function append(opened: Log, command: Command, io: CliIo): Promise<number> {
  const subject = word(command, 3, 'the subject')
  const payload = await payloadOf(command, 4, io)
  const result = await opened.append(subject, payload, {
    headers: headers(command),
    messageId: command.flags['message-id'],
  })
  const known = result.duplicate ? ' (known already)' : ''
  await io.out(command.flags.json ? JSON.stringify(result) : `${result.sequence}${known}`)
  return 0
}
