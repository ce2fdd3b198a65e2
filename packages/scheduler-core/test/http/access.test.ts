import { schedulerHttp } from '@ashlar/scheduler-core/http'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig.ts'
import { Server, TOKEN } from './server.ts'

describe('a token', () => {
  test('is asked of every route', async () => {
    const server = await Server.start()
    for (const path of ['/queues', '/tasks', '/metrics', '/events', '/openapi.json']) {
      const answer = await server.call('GET', path, undefined, {})
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED' } } })
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    for (const authorization of [TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer ']) {
      expect(await server.call('GET', '/counts', undefined, { authorization })).toMatchObject({
        status: 401,
      })
    }
    expect((await server.call('GET', '/counts')).status).toBe(200)
  })
})

describe("'same-origin'", () => {
  test('lets in tools and own pages, and keeps out pages of other sites', async () => {
    const server = await Server.start({ authorize: 'same-origin' })
    const { host } = new URL(server.url)
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await server.call('POST', '/queues/q/pause', undefined, headers)).status
    expect(await status({})).toBe(200)
    expect(await status({ origin: `http://${host}` })).toBe(200)
    expect(await status({ origin: 'https://evil.example' })).toBe(401)
    expect(await status({ origin: 'null' })).toBe(401)
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(401)
  })
})

test('a hook decides about each request', async () => {
  const server = await Server.start({
    authorize: async ({ headers, method }) => method === 'GET' || headers['x-role'] === 'operator',
  })
  expect((await server.call('GET', '/queues', undefined, {})).status).toBe(200)
  expect((await server.call('POST', '/queues/q/pause', undefined, {})).status).toBe(401)
  const operator = { 'x-role': 'operator' }
  expect((await server.call('POST', '/queues/q/pause', undefined, operator)).status).toBe(200)
})

test('nobody registers it open by mistake', async () => {
  const { scheduler } = await Rig.open({ handlers: {} })
  for (const options of [{}, { token: 'short' }, { token: TOKEN, authorize: () => true }]) {
    const app = fastify()
    await expect(app.register(schedulerHttp, { scheduler, ...options }).ready()).rejects.toThrow()
  }
})
