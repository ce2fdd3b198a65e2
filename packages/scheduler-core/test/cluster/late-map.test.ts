// Buckets are read late on some replicas: a member with an old map of partitions does nothing by it.
import { type KeyValue, type KvEntry, memory, type Transport } from '@ashlar/transport'
import { expect, test } from 'vitest'
import { replaced } from './replaced.ts'
import { ClusterRig, until } from './rig.ts'

const KEYS = 24

test('a member that reads the map of partitions late takes no partition that was split since', async () => {
  const rig = new ClusterRig()
  const starts: string[] = []
  const handlers = { note: { run: (key: string) => void starts.push(key) } }
  const options = { handlers, partitions: 1 }
  const { scheduler: first, transport } = await rig.join(options)
  const old = await (await transport.kv('default_scheduler')).get('config')
  await first.scheduleMany(
    Array.from({ length: KEYS }, (_, n) => ({
      handler: 'note' as const,
      payload: `k${n}`,
      key: `k${n}`,
      delayMs: 30_000,
    })),
  )
  await first.grow(2)
  await first.close()

  const view = new LateView(old)
  const late = await rig.joinOn(view.of(memory({ hub: rig.hub, clock: rig.clock })), options)
  // it has the lease, reads the log, which knows of the split, and lets go, again and again
  await until('it has tried several times', () => view.reads > 6)
  expect(late.partitions()).toHaveLength(1)
  expect(late.metrics().partitions).toEqual([])
  expect(rig.errors).toEqual([])
  await rig.clock.advance(30_000)
  expect(starts).toEqual([])

  view.isLate = false
  await until('each has run', () => starts.length >= KEYS)
  expect(starts.toSorted()).toEqual(Array.from({ length: KEYS }, (_, n) => `k${n}`).toSorted())
  expect(late.partitions()).toHaveLength(2)
})

/** A connection to a replica that has the map as it was, until it is not late any more. */
class LateView {
  isLate = true
  /** How often the map was asked for. */
  reads = 0
  readonly #old: KvEntry | undefined

  constructor(old: KvEntry | undefined) {
    this.#old = old
  }

  of(transport: Transport): Transport {
    return replaced(transport, 'kv', async (...args: Parameters<Transport['kv']>) =>
      this.#bucket(await transport.kv(...args)),
    )
  }

  #bucket(kv: KeyValue): KeyValue {
    const get: KeyValue['get'] = async (key) => {
      if (key !== 'config') return await kv.get(key)
      this.reads += 1
      return this.isLate ? this.#old : await kv.get(key)
    }
    const watch: KeyValue['watch'] = (options) => {
      const entries = kv.watch(options)
      return options?.key === 'config' ? this.#seen(entries) : entries
    }
    return replaced(replaced(kv, 'get', get), 'watch', watch)
  }

  async *#seen(entries: AsyncIterable<KvEntry>): AsyncIterable<KvEntry> {
    for await (const entry of entries) {
      if (this.isLate && this.#old !== undefined) yield this.#old
      else yield entry
    }
  }
}
