import { openApiDocument } from '@ashlar/scheduler-core/http'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { Server } from './server.ts'

test('queues, counts and metrics say the same', async () => {
  const server = await Server.start()
  const spec = { handler: 'mail', payload: 'x', queue: 'q' }
  await server.call('POST', '/tasks', { ...spec, delayMs: 60_000 })
  await server.call('POST', '/tasks', spec)
  await server.rig.pass(1)
  const { body } = await server.call('GET', '/queues')
  expect(body.queues).toEqual([
    {
      name: 'q',
      paused: false,
      resident: 1,
      scheduled: 1,
      waiting: 0,
      blocked: 0,
      running: 0,
      dead: 0,
      completed: 1,
    },
  ])
  expect((await server.call('GET', '/counts')).body).toMatchObject({ scheduled: 1, completed: 1 })
  const json = await server.call('GET', '/metrics.json')
  expect(json.body).toMatchObject({ state: 'open', completed: 1, stale: { count: 0 } })
  const text = await server.call('GET', '/metrics')
  expect(text.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(text.body).toContain('ashlar_scheduler_completed_total 1\n')
})

test('the OpenAPI document is valid and names every route', async () => {
  const server = await Server.start()
  const { body } = await server.call('GET', '/openapi.json')
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument({ serverUrl: '/api' }))))
  expect(await new Validator().validate(body)).toEqual({ valid: true })
  expect(Object.keys(body.paths).length).toBeGreaterThan(10)
  for (const path of Object.keys(body.paths)) {
    for (const method of Object.keys(body.paths[path])) {
      const route = { method: method.toUpperCase() as 'GET', url: urlOf(path) }
      expect(server.app.hasRoute(route)).toBe(true)
    }
  }
})

function urlOf(path: string): string {
  return `/api${path.replaceAll(/\{(\w+)\}/g, ':$1')}`
}
