import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'

test('arguments count as they were at the call, whatever their size and the command', async () => {
  await using server = await createServer()
  for (const size of [10, 32 * 1024 - 1, 32 * 1024, 100_000]) {
    const bytes = Buffer.alloc(size, 0xe9)
    const stored = server.execute(['SET', 'string', bytes])
    const added = server.execute(['SADD', 'set', bytes])
    bytes.fill(0)
    await Promise.all([stored, added])
    const before = Buffer.alloc(size, 0xe9)
    expect(await server.execute(['GET', 'string'], { buffers: true })).toEqual(before)
    expect(await server.execute(['SISMEMBER', 'set', before])).toBe(1)
  }
})

test('text goes in and comes out as UTF-8, short or long', async () => {
  await using server = await createServer()
  for (const text of [
    '',
    'plain',
    'é',
    '日本語 '.repeat(5),
    'a'.repeat(64),
    `${'a'.repeat(70)}ü`,
  ]) {
    await server.execute(['SET', text, text])
    expect(await server.execute(['GET', text])).toBe(text)
    expect(await server.execute(['STRLEN', text])).toBe(Buffer.byteLength(text))
  }
})
