// Works on an embedded transport and tells its parent what was acknowledged, until it is killed.
import { embedded } from '@ashlar/transport'

const [path = '', round = '0'] = process.argv.slice(2)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const acknowledged = (what: string, value: number): void => void process.send?.([what, value])

const transport = await embedded({ path, sync: 'interval' })
const log = await transport.log('work', { subjects: ['work.>'], maxMessagesPerSubject: 100_000 })
const kv = await transport.kv('state', { history: 3 })
const start = (await log.info()).lastSequence

async function append(lane: number): Promise<void> {
  for (let n = 0; ; n += 1) {
    const messageId = `${round}-${lane}-${n}`
    const { sequence } = await log.append(`work.${lane}`, bytes(messageId), { messageId })
    acknowledged('append', sequence)
  }
}

async function count(): Promise<void> {
  for (;;) {
    const entry = await kv.get('n')
    const next = Number(new TextDecoder().decode(entry?.value ?? bytes('0'))) + 1
    if (entry === undefined) await kv.create('n', bytes(String(next)))
    else await kv.update('n', bytes(String(next)), entry.revision)
    acknowledged('count', next)
  }
}

async function consume(): Promise<void> {
  const consumer = await log.consume({ durable: 'worker', maxInFlight: 16 })
  for await (const delivery of consumer) {
    await delivery.ack()
    acknowledged('ack', delivery.sequence)
  }
}

acknowledged('start', start)
await Promise.all([append(1), append(2), append(3), count(), consume()])
