import { createServer } from '@ashlar/resp-server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Crc64 } from '../../src/rdb/crc64.ts'

const RUNS = Number(process.env['RDB_FUZZ_RUNS'] ?? 3_000)

const FILL = [
  'SET s hello',
  'RPUSH l a 1 -70000 bb',
  'SADD S x y z',
  'SADD i 1 2 70000',
  'ZADD z 1 a 2.5 b inf c',
  'HSET h a 1 b 2',
  'XADD x 1-1 a 1',
  'XADD x 2-1 b 2 c 3',
  'XGROUP CREATE x g 0',
  'XREADGROUP GROUP g me STREAMS x >',
]

test('damaged payloads with a right checksum are restored or refused, nothing else', async () => {
  await using server = await createServer()
  for (const line of FILL) await server.execute(line.split(' '))
  const dumps: Buffer[] = []
  for (const key of ['s', 'l', 'S', 'i', 'z', 'h', 'x']) {
    dumps.push((await server.execute(['DUMP', key], { buffers: true })) as Buffer)
  }
  const change = fc.record({ at: fc.nat(400), byte: fc.nat(255), cut: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...dumps),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (dump, changes) => {
        let body = Buffer.from(dump.subarray(0, dump.length - 10))
        for (const { at, byte, cut } of changes) {
          if (cut && at < 20) body = body.subarray(0, Math.max(1, body.length - at))
          body[at % body.length] = byte
        }
        const whole = Buffer.concat([body, Buffer.from([10, 0])])
        const payload = Buffer.concat([whole, new Crc64().update(whole).digest()])
        const answer = await server
          .execute(['RESTORE', 'copy', '0', payload, 'REPLACE'])
          .catch((error: Error) => error.message)
        expect(answer).toMatch(/^(?:OK|ERR Bad data format)$/)
        // what was let in can be read, and dumped again
        if (answer !== 'OK') return
        await server.execute(['DUMP', 'copy'])
        await server.execute(['DEL', 'copy'])
      },
    ),
    { numRuns: RUNS },
  )
})
