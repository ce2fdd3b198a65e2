import { expect } from 'vitest'
import type { RawClient } from './raw-client.ts'

/** A line of a server's INFO. */
export async function infoLine(client: RawClient, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(await client.call('INFO'))?.[1]
}

export async function untilLinked(replica: RawClient): Promise<void> {
  const status = (): Promise<string | undefined> => infoLine(replica, 'master_link_status')
  await expect.poll(status, { timeout: 20_000 }).toBe('up')
}

/** Consumer groups, which digests leave out, without what counts from now. */
async function groupsOf(client: RawClient, key: string): Promise<string> {
  if ((await client.call('EXISTS', key)) === ':0\r\n') return ''
  const whole = await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')
  return whole
    .replace(/\$9\r\nseen-time\r\n:\d+\r\n/g, '')
    .replace(/\$11\r\nactive-time\r\n:-?\d+\r\n/g, '')
    .replace(/\$15\r\nradix-tree-\w+\r\n:\d+\r\n/g, '')
    .replace(/\*\d+\r\n(?=\$4\r\nname)/g, '')
}

const digest = async (client: RawClient): Promise<string> =>
  (await client.call('DEBUG', 'DIGEST')).trim().slice(1)

/** Keys that do not hold the same on both. */
async function differing(a: RawClient, b: RawClient): Promise<string[]> {
  const found: string[] = []
  for (let database = 0; database < 16; database += 1) {
    await a.call('SELECT', String(database))
    await b.call('SELECT', String(database))
    const keys = new Set<string>()
    for (const one of [a, b]) {
      const words = (await one.call('KEYS', '*')).split('\r\n').slice(1, -1)
      for (let at = 1; at < words.length; at += 2) keys.add(words[at] as string)
    }
    for (const key of keys) {
      const both = [await shown(a, key), await shown(b, key)]
      if (both[0] !== both[1]) found.push(`${database} ${key}: ${both.join(' | ')}`)
    }
  }
  for (const one of [a, b]) await one.call('SELECT', '0')
  return found
}

const shown = async (client: RawClient, key: string): Promise<string> =>
  (await client.call('DEBUG', 'DIGEST-VALUE', key))
    .trim()
    .replace(/^\*1\r\n/, '')
    .slice(1) + (await client.call('PEXPIRETIME', key)).trim()

/** Both hold the same keys, values, expiries and groups, with everything that was done applied. */
export async function expectSame(primary: RawClient, replica: RawClient): Promise<void> {
  await untilLinked(replica)
  const offset = Number(await infoLine(primary, 'master_repl_offset'))
  const behind = async (): Promise<number> =>
    Math.max(0, offset - Number(await infoLine(replica, 'slave_repl_offset')))
  await expect.poll(behind, { timeout: 20_000 }).toBe(0)
  if ((await digest(primary)) !== (await digest(replica))) {
    expect(await differing(primary, replica)).toEqual([])
  }
  for (const key of ['x0', 'x1', 'x2', 'events']) {
    expect(await groupsOf(replica, key)).toBe(await groupsOf(primary, key))
  }
}
