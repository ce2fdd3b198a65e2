import { expect, test } from 'vitest'
import { HttpRig } from './rig.ts'

const bodies = {
  text: { value: 'héllo' },
  user: {
    fields: [
      { field: 'name', value: 'Ada' },
      { field: 'n', value: 7 },
    ],
  },
  jobs: { items: ['a', 'b', 'a'] },
  tags: { members: ['x'] },
  board: {
    scored: [
      { member: 'm', score: 1.5 },
      { member: 'k', score: -2 },
    ],
  },
  log: {
    entries: [
      { id: '1-1', fields: ['f', 'v'] },
      { id: '2-1', fields: ['f', 'w'] },
    ],
  },
}

test('every type is set, read, listed and removed', async () => {
  await using rig = await HttpRig.start()
  for (const [key, body] of Object.entries(bodies)) {
    expect(await rig.call('PUT', `/key?key=${key}`, body)).toMatchObject({ status: 200 })
  }
  const get = async (key: string) => (await rig.call('GET', `/key?key=${key}`)).body
  expect(await get('text')).toEqual({
    key: 'text',
    type: 'string',
    ttlMs: null,
    length: 6,
    value: 'héllo',
  })
  expect(await get('user')).toMatchObject({
    type: 'hash',
    length: 2,
    fields: [
      { field: 'name', value: 'Ada' },
      { field: 'n', value: '7' },
    ],
  })
  expect(await get('jobs')).toMatchObject({ type: 'list', items: ['a', 'b', 'a'] })
  expect(await get('tags')).toMatchObject({ type: 'set', members: ['x'] })
  expect(await get('board')).toMatchObject({
    type: 'zset',
    scored: [
      { member: 'k', score: -2 },
      { member: 'm', score: 1.5 },
    ],
  })
  expect(await get('log')).toMatchObject({
    type: 'stream',
    entries: [
      { id: '1-1', fields: ['f', 'v'] },
      { id: '2-1', fields: ['f', 'w'] },
    ],
  })
  const { body } = await rig.call('GET', '/keys?match=*o*&memory=true')
  const { keys, cursor } = body as { keys: Record<string, unknown>[]; cursor?: string }
  expect(keys.map(({ key }) => key).sort()).toEqual(['board', 'jobs', 'log'])
  expect(keys.every(({ memoryBytes }) => Number(memoryBytes) > 0)).toBe(true)
  expect(cursor).toBeUndefined()
  const remove = (key: string, element: string) =>
    rig.call('DELETE', `/key/element?key=${key}&element=${element}`)
  expect((await remove('user', 'n')).status).toBe(200)
  expect((await remove('jobs', 'a')).status).toBe(200)
  expect((await remove('tags', 'nope')).status).toBe(404)
  expect((await remove('text', 'x')).status).toBe(409)
  expect(await get('jobs')).toMatchObject({ items: ['b', 'a'] })
  expect((await rig.call('DELETE', '/key?key=text')).status).toBe(200)
  expect((await rig.call('GET', '/key?key=text')).status).toBe(404)
})

test('pages follow each other by cursors', async () => {
  await using rig = await HttpRig.start()
  for (let at = 0; at < 5; at += 1) {
    await rig.run(`RPUSH list i${at}`)
    await rig.run(`XADD stream ${at + 1}-1 f v${at}`)
    await rig.run(`SET key:${at} x`)
  }
  await rig.run(`SETRANGE long 3000 end`)
  const all = async (path: string, field: string): Promise<unknown[]> => {
    const found: unknown[] = []
    let cursor: string | undefined
    do {
      const next = cursor === undefined ? '' : `&cursor=${cursor}`
      const { body } = await rig.call('GET', `${path}&count=2${next}`)
      const page = body as Record<string, unknown[]> & { cursor?: string }
      found.push(...(page[field] ?? []))
      cursor = page.cursor
    } while (cursor !== undefined)
    return found
  }
  expect(await all('/key?key=list', 'items')).toEqual(['i0', 'i1', 'i2', 'i3', 'i4'])
  expect(await all('/key?key=stream', 'entries')).toHaveLength(5)
  expect(await all('/key?key=long', 'value')).toHaveLength(3003)
  expect(await all('/keys?match=key:*', 'keys')).toHaveLength(5)
})

test('replace, add and create differ; a failure leaves the key as it was', async () => {
  await using rig = await HttpRig.start()
  const put = (body: unknown) => rig.call('PUT', '/key?key=k', body)
  await put({ members: ['a'] })
  await put({ members: ['b'], mode: 'add', ttlMs: 60_000 })
  expect((await rig.call('GET', '/key?key=k')).body).toMatchObject({
    members: expect.arrayContaining(['a', 'b']),
    ttlMs: expect.any(Number),
  })
  expect((await put({ value: 'x', mode: 'create' })).status).toBe(409)
  expect((await put({ items: ['x'], mode: 'add' })).body).toMatchObject({
    error: { code: 'WRONGTYPE' },
  })
  expect((await put({ value: 'x', items: ['y'] })).status).toBe(400)
  await put({ value: 'x' })
  expect((await rig.call('GET', '/key?key=k')).body).toMatchObject({ type: 'string', ttlMs: null })
  await rig.call('PATCH', '/key?key=k', { ttlMs: 5_000, rename: 'other' })
  expect(await rig.run('PTTL other')).toBeGreaterThan(0)
  await rig.call('PATCH', '/key?key=other', { ttlMs: null })
  expect(await rig.run('PTTL other')).toBe(-1)
  await rig.run('SET busy 1')
  expect((await rig.call('PATCH', '/key?key=other', { rename: 'busy' })).status).toBe(409)
})

test('bytes that are no text go both ways, in keys and in values', async () => {
  await using rig = await HttpRig.start()
  const key = Buffer.from([0xff, 0x00, 0x41]).toString('base64')
  const path = `/key?encoding=base64&key=${encodeURIComponent(key)}`
  await rig.call('PUT', path, { value: { base64: key } })
  expect((await rig.call('GET', path)).body).toMatchObject({
    key: { base64: key },
    value: { base64: key },
  })
  expect((await rig.call('GET', '/keys')).body).toMatchObject({ keys: [{ key: { base64: key } }] })
})

test('looking at keys does not make them look used', async () => {
  await using rig = await HttpRig.start({}, { config: { 'maxmemory-policy': 'allkeys-lfu' } })
  await rig.run('SET k v')
  const before = await rig.run('OBJECT FREQ k')
  for (let at = 0; at < 20; at += 1) await rig.call('GET', '/key?key=k')
  expect(await rig.run('OBJECT FREQ k')).toBe(before)
})
