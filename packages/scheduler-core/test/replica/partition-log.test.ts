// A partition's log: one writer at a time, whatever it believes, and a reader that misses nothing.
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { type Log, memory, TransportError } from '@ashlar/transport'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { LocalCopy } from '../../src/replica/local-copy.ts'
import { encodeEntry, OperationWriter } from '../../src/replica/log-entry.ts'
import { readLog, takeOver } from '../../src/replica/log-reader.ts'
import { LogWriter } from '../../src/replica/log-writer.ts'

const SUBJECT = 'changes'

type Appended = Pick<Log, 'append' | 'read'>

async function open() {
  const transport = memory()
  const store = await Store.open('/copies', { fileSystem: memoryFileSystem() })
  onTestFinished(async () => {
    await transport.close()
    await store.close()
  })
  const log = await transport.log('p', { subjects: [SUBJECT] })
  const writer = async (epoch: number, through: Appended = log): Promise<LogWriter> =>
    new LogWriter({
      log: through,
      subject: SUBJECT,
      epoch,
      sequence: await takeOver(log, SUBJECT, epoch),
      maxPayloadBytes: 1_000,
      clock: new VirtualClock(),
      isHeld: () => true, // each believes in itself for ever: the log alone decides
    })
  let copies = 0
  const read = async (): Promise<Record<string, string>> => {
    const copy = new LocalCopy(store, `c${copies++}/`)
    await readLog(log, (await log.info()).lastSequence, copy)
    return contentOf(copy)
  }
  return { log, store, writer, read }
}

function contentOf({ store, prefix }: LocalCopy): Record<string, string> {
  const content: Record<string, string> = {}
  using iterator = store.iterator({ prefix })
  for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
    const [key, value] = entry.map((bytes) => Buffer.from(bytes).toString())
    content[(key ?? '').slice(prefix.length)] = value ?? ''
  }
  return content
}

function puts(entries: Record<string, string>): Uint8Array {
  const writer = new OperationWriter()
  for (const [key, value] of Object.entries(entries))
    writer.put(Buffer.from(key), Buffer.from(value))
  return writer.bytes
}

test('a log is read in turns of the event loop, however much of it is there at once', async () => {
  const { log, read } = await open()
  const messages = 24
  for (let n = 0; n < messages; n++) {
    const piece = puts({ [`k${n}`]: 'x'.repeat(128 * 1024) })
    await log.append(SUBJECT, encodeEntry('changes', 1, [piece]))
  }
  let turns = 0
  let over = false
  const count = (): void => {
    if (over) return
    turns += 1
    setImmediate(count)
  }
  setImmediate(count)
  const content = await read()
  over = true
  expect(Object.keys(content)).toHaveLength(messages)
  expect(turns).toBeGreaterThanOrEqual(messages / 3)
})

test('from a takeover on, everything that the earlier writer appends is refused', async () => {
  const { writer, read } = await open()
  const first = await writer(1)
  await first.append(puts({ a: '1' }))
  const second = await writer(2)
  const late = first.append(puts({ a: 'late' }))
  await expect(late).rejects.toMatchObject({ code: 'PARTITION_LOST' })
  await second.append(puts({ b: '2' }))
  await expect(first.append(puts({ c: 'later' }))).rejects.toMatchObject({ code: 'PARTITION_LOST' })
  expect(await read()).toEqual({ a: '1', b: '2' })
})

test('an epoch that comes too late takes nothing over', async () => {
  const { writer } = await open()
  const second = await writer(2)
  await expect(writer(1)).rejects.toMatchObject({ code: 'PARTITION_LOST' })
  await second.append(puts({ a: '1' }))
})

test('a change whose answer was lost is stored once', async () => {
  const { log, writer, read } = await open()
  for (const stored of [true, false]) {
    let lost = 0
    const flaky: Appended = {
      read: (options) => log.read(options),
      append: async (...args) => {
        const first = lost++ === 0
        if (first && !stored) throw new TransportError('UNKNOWN_OUTCOME', 'no answer')
        const result = await log.append(...args)
        if (first) throw new TransportError('UNKNOWN_OUTCOME', 'no answer')
        return result
      },
    }
    const clock = new VirtualClock()
    const epoch = stored ? 1 : 2
    const sequence = await takeOver(log, SUBJECT, epoch)
    const flakyWriter = new LogWriter({
      log: flaky,
      subject: SUBJECT,
      epoch,
      sequence,
      maxPayloadBytes: 1_000,
      clock,
      isHeld: () => true,
    })
    const done = flakyWriter.append(puts({ [`k${epoch}`]: '1' }))
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(50)
    }
    await done
    expect((await log.info()).lastSequence).toBe(sequence + 1)
    await flakyWriter.append(puts({ [`l${epoch}`]: '2' }))
  }
  expect(await read()).toEqual({ k1: '1', l1: '2', k2: '1', l2: '2' })
  await (await writer(3)).append(puts({}))
})

test('a change larger than a message is whole or not there', async () => {
  const { log, writer, read } = await open()
  const large = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'x'.repeat(100)]))
  const first = await writer(1)
  await first.append(puts(large))
  expect((await log.info()).lastSequence).toBeGreaterThan(5)
  expect(await read()).toEqual(large)
  // The next one is cut off after its first part, by a takeover.
  let appends = 0
  const cut: Appended = {
    read: (options) => log.read(options),
    append: async (...args) => {
      if (appends++ === 1) await takeOver(log, SUBJECT, 3)
      return await log.append(...args)
    },
  }
  const second = await writer(2, cut)
  await expect(second.append(puts({ ...large, more: '1' }))).rejects.toMatchObject({
    code: 'PARTITION_LOST',
  })
  await (await writer(4)).append(puts({ z: '1' }))
  expect(await read()).toEqual({ ...large, z: '1' })
})

test('compaction among random changes: what is read is what was written', async () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 30 }),
    value: fc.option(fc.string({ minLength: 1, maxLength: 300 }), { nil: undefined }),
    compact: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const { log, store, writer: writerOf, read } = await open()
      const writer = await writerOf(1)
      const source = new LocalCopy(store, 's/')
      const ledger = source.ledger(writer)
      const model: Record<string, string> = {}
      const pending: Promise<unknown>[] = []
      for (const { key, value, compact } of steps) {
        const name = `k${key}`
        const batch = ledger.batch()
        if (value === undefined) batch.delete(Buffer.from(`s/${name}`))
        else batch.put(Buffer.from(`s/${name}`), Buffer.from(value))
        if (value === undefined) delete model[name]
        else model[name] = value
        pending.push(ledger.write(batch))
        if (!compact) continue
        const before = writer.boundary + 1
        pending.push(
          source.rewrite(writer, () => false).then(() => log.purge({ beforeSequence: before })),
        )
      }
      await Promise.all(pending)
      expect(contentOf(source)).toEqual(model)
      expect(await read()).toEqual(model)
    }),
    { numRuns: 40 },
  )
})
