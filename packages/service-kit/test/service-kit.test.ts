import { EventEmitter } from 'node:events'
import { EventStream, MetricsPage, refuseUnknown } from '@ashlar/service-kit'
import { expect, test } from 'vitest'

test('a page of metrics escapes what labels hold, and refuses names that Prometheus does', () => {
  const page = new MetricsPage('app', { service: 'a "b"\\\n' })
  page.head('up', 'gauge', 'Whether it is.')
  page.line('up', 1, { db: '0' })
  expect(page.text).toBe(
    '# HELP app_up Whether it is.\n# TYPE app_up gauge\napp_up{service="a \\"b\\"\\\\\\n",db="0"} 1\n',
  )
  expect(() => new MetricsPage('1app', {})).toThrow(RangeError)
  expect(() => new MetricsPage('app', { 'a-b': '' })).toThrow('a-b')
})

test('a field that no schema knows is refused by its path, at any depth', () => {
  const inner = { type: 'object', properties: { a: { type: 'string' } } }
  const schema = { type: 'object', properties: { list: { type: 'array', items: inner }, any: {} } }
  expect(() => refuseUnknown({ list: [{ a: '' }], any: { b: 1 } }, schema, 'body')).not.toThrow()
  expect(() => refuseUnknown({ list: [{ a: '' }, { b: 1 }] }, schema, 'body')).toThrow(
    "body.list[1] has an unknown field 'b'",
  )
})

/** A response that takes one piece before it is full. */
class SlowResponse extends EventEmitter {
  destroyed = false
  writableNeedDrain = false
  readonly written: string[] = []
  writeHead(): void {}
  end(): void {}
  write(text: string): boolean {
    this.written.push(text)
    this.writableNeedDrain = this.written.length > 1
    return !this.writableNeedDrain
  }
}

test('a stream waits for a slow client, and no longer than it is there', async () => {
  const response = new SlowResponse()
  // of a response only these are used
  const stream = new EventStream(response as never, new AbortController().signal)
  stream.begin(60_000)
  const sent = stream.send('data: 1\n\n')
  const order: string[] = []
  const ended = sent.then(() => order.push('sent'))
  order.push('before')
  response.emit('drain')
  await ended
  expect(order).toEqual(['before', 'sent'])
  const last = stream.send('data: 2\n\n')
  response.emit('close')
  await last
  expect(stream.over.aborted).toBe(true)
  stream.end()
})
