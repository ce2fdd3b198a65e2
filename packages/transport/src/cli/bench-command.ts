import { randomUUID } from 'node:crypto'
import type { Transport } from '../transport.ts'
import type { CliIo } from './io.ts'
import { type Command, count } from './parse-command.ts'

const DEFAULT_MESSAGES = 20_000
const DEFAULT_SIZE = 100
const IN_FLIGHT = 64
/** Publishes between two looks at whether the subscriber keeps up. */
const BURST = 1_000

interface Load {
  readonly messages: number
  readonly payload: Uint8Array
  readonly signal: AbortSignal
}

interface Figure {
  readonly row: string
  readonly perSecond: number
}

/** `bench`: what one connection does from here, in subjects and a log of its own. */
export async function bench(transport: Transport, command: Command, io: CliIo): Promise<number> {
  const messages = count(command, 'messages') ?? DEFAULT_MESSAGES
  const payload = new Uint8Array(count(command, 'size') ?? DEFAULT_SIZE)
  const subject = `ashlar-bench.${randomUUID()}`
  for (const measure of [delivered, asked, appended]) {
    const figure = await measure(transport, subject, { messages, payload, signal: io.signal })
    if (io.signal.aborted) return 0 // what it was is for the caller to tell
    const rate = Math.round(figure.perSecond)
    await io.out(
      command.flags.json
        ? JSON.stringify({ row: figure.row, perSecond: rate, messages, bytes: payload.byteLength })
        : `${figure.row}: ${rate.toLocaleString('en')} a second`,
    )
  }
  return 0
}

async function delivered(
  transport: Transport,
  subject: string,
  { messages, payload, signal }: Load,
): Promise<Figure> {
  const subscription = transport.subscribe(subject)
  await transport.flush()
  const start = performance.now()
  let received = 0
  for (let sent = 0; sent < messages && !signal.aborted; ) {
    for (const end = Math.min(messages, sent + BURST); sent < end; sent += 1) {
      transport.publish(subject, payload)
    }
    while (received < sent && !signal.aborted) {
      if (subscription.take() !== undefined) received += 1
      else await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const perSecond = (messages * 1_000) / (performance.now() - start)
  subscription.unsubscribe()
  return { row: 'messages delivered', perSecond }
}

async function asked(transport: Transport, subject: string, load: Load): Promise<Figure> {
  const responder = transport.respond(subject, (message) => message.payload)
  await transport.flush()
  const perSecond = await pumped(load, () => transport.request(subject, load.payload))
  await responder.stop()
  return { row: `requests, ${IN_FLIGHT} in flight`, perSecond }
}

async function appended(transport: Transport, subject: string, load: Load): Promise<Figure> {
  const log = await transport.log(subject.replace('.', '-'), { subjects: [subject] })
  try {
    const perSecond = await pumped(load, () => log.append(subject, load.payload))
    return { row: `appends, ${IN_FLIGHT} in flight`, perSecond }
  } finally {
    await log.destroy()
  }
}

async function pumped({ messages, signal }: Load, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  let started = 0
  const pump = async (): Promise<void> => {
    while (started < messages && !signal.aborted) {
      started += 1
      await call()
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, pump))
  return (messages * 1_000) / (performance.now() - start)
}
