// Goal: whatever batch a crash leaves as the last one, the store holds whole operations. Method: what
// a process finds that is started on the files as they are after each batch, many of one turn.
import { type MemoryFileSystem, memoryFileSystem } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { embedded } from '@ashlar/transport'
import { expect, test } from 'vitest'

/** The store writes a MiB at a time, in batches of at most 256 KiB. */
const LARGE = 30_000
const COUNT = 180
const HUB = 'db'

type Transport = Awaited<ReturnType<typeof embedded>>

function copyOf(files: MemoryFileSystem): MemoryFileSystem {
  const copy = memoryFileSystem()
  copy.makeDirectory(HUB)
  for (const path of files.paths()) copy.writeFile(path, files.readFile(path).slice())
  return copy
}

/** Acts in one turn, then looks at what each batch has left; tells how many there were. */
async function afterEachBatch(
  prepare: (transport: Transport) => Promise<() => Promise<unknown>[]>,
  look: (transport: Transport) => Promise<void>,
): Promise<number> {
  const files = memoryFileSystem()
  const images: MemoryFileSystem[] = []
  let watching = false
  const fileSystem = faultyFileSystem(files, ({ name, path }) => {
    if (watching && name === 'write' && path.endsWith('.log')) images.push(copyOf(files))
    return undefined
  })
  const transport = await embedded({ path: HUB, fileSystem })
  const act = await prepare(transport)
  watching = true
  await Promise.all(act())
  images.push(copyOf(files))
  watching = false
  await transport.close()
  for (const image of images) {
    await using again = await embedded({ path: HUB, fileSystem: image })
    await look(again)
  }
  return images.length
}

test('a key that is overwritten is there at any moment, with one value or the next', async () => {
  const batches = await afterEachBatch(
    async (transport) => {
      const kv = await transport.kv('b')
      await kv.put('k', new Uint8Array(LARGE))
      return () =>
        Array.from({ length: COUNT }, (_, n) => kv.put('k', new Uint8Array(LARGE).fill(n)))
    },
    async (transport) => {
      const kv = await transport.kv('b')
      const { value } = (await kv.get('k')) ?? { value: undefined }
      expect(value?.length).toBe(LARGE)
      expect(await Array.fromAsync(kv.keys())).toEqual(['k'])
      expect(await Array.fromAsync(kv.history('k'))).toHaveLength(1)
    },
  )
  expect(batches).toBeGreaterThan(3)
})

test('a message id that is known is that of a message that is there', async () => {
  const batches = await afterEachBatch(
    async (transport) => {
      const log = await transport.log('l', { subjects: ['a'] })
      return () =>
        Array.from({ length: COUNT }, (_, n) =>
          log.append('a', new Uint8Array(LARGE).fill(n), { messageId: `id-${n}` }),
        )
    },
    async (transport) => {
      const log = await transport.log('l')
      const kept = new Map((await Array.fromAsync(log.read())).map((one) => [one.payload[0], one]))
      expect((await log.info()).messages).toBe(kept.size)
      for (let n = 0; n < COUNT; n += 1) {
        const payload = new Uint8Array(LARGE).fill(n)
        const { duplicate } = await log.append('a', payload, { messageId: `id-${n}` })
        expect([n, duplicate]).toEqual([n, kept.has(n)])
      }
    },
  )
  expect(batches).toBeGreaterThan(3)
})

test('a log with a bound of messages holds as many as it says', async () => {
  const batches = await afterEachBatch(
    async (transport) => {
      const log = await transport.log('l', { subjects: ['a'], maxMessagesPerSubject: 3 })
      return () => Array.from({ length: COUNT }, () => log.append('a', new Uint8Array(LARGE)))
    },
    async (transport) => {
      const log = await transport.log('l')
      const kept = await Array.fromAsync(log.read())
      expect((await log.info()).messages).toBe(kept.length)
      expect((await log.last('a'))?.sequence).toBe(kept.at(-1)?.sequence)
    },
  )
  expect(batches).toBeGreaterThan(3)
})
