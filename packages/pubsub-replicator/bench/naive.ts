import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRecordCodec, encodeKey } from '@ashlar/codec'
import { type Operation, Store } from '@ashlar/lsm-store'
import { createMemoryHub, memory } from '@ashlar/transport'
import { recordOf } from './record.ts'
import type { Pair } from './run.ts'

const BATCH = 100
type Message = readonly (readonly [key: Uint8Array, value: Uint8Array])[]

/** What one would write in ten minutes: write here, send, write there. */
export async function openNaive(): Promise<Pair> {
  const root = await mkdtemp(join(tmpdir(), 'ashlar-bench-'))
  const hub = createMemoryHub()
  const [sender, receiver] = [memory({ hub }), memory({ hub })]
  const from = await Store.open(join(root, 'edge'))
  const to = await Store.open(join(root, 'cloud'))
  const messages = createRecordCodec<Message>({ version: 1 })
  const records = createRecordCodec({ version: 1 })
  let id = 0

  const store = async (target: Store, message: Message): Promise<void> => {
    await target.write(message.map(([key, value]): Operation => ({ type: 'put', key, value })))
  }
  const receiving = (async () => {
    for await (const { payload } of receiver.subscribe('copy'))
      await store(to, messages.decode(payload))
  })()
  const make = (count: number): Message =>
    Array.from({ length: count }, () => {
      id += 1
      return [encodeKey([id]), records.encode(recordOf(id))] as const
    })
  const send = async (count: number): Promise<void> => {
    const message = make(count)
    await store(from, message)
    sender.publish('copy', messages.encode(message))
  }
  const arrived = async (): Promise<void> => {
    const key = encodeKey([id])
    while (to.getSync(key) === undefined) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    async lag() {
      const start = performance.now()
      const sending = send(1)
      await arrived()
      const lagMs = performance.now() - start
      await sending
      return lagMs
    },
    async stream(count) {
      const start = performance.now()
      for (let sent = 0; sent < count; sent += BATCH) await send(BATCH)
      await arrived()
      return (count * 1000) / (performance.now() - start)
    },
    async catchUp(count) {
      const first = encodeKey([id])
      for (let made = 0; made < count; made += BATCH) await store(from, make(BATCH))
      const start = performance.now()
      let page: [Uint8Array, Uint8Array][] = []
      for await (const entry of from.scan({ gt: first })) {
        page.push(entry)
        if (page.length < BATCH) continue
        sender.publish('copy', messages.encode(page))
        page = []
      }
      await arrived()
      return (count * 1000) / (performance.now() - start)
    },
    async close() {
      await receiver.close()
      await receiving
      await sender.close()
      await from.close()
      await to.close()
      await rm(root, { recursive: true })
    },
  }
}
