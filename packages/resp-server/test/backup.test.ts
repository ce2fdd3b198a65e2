import { join } from 'node:path'
import { listBackups, restoreBackup } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from './support/temporary-folder.ts'

const info = async (server: RespServer, field: string): Promise<string | undefined> =>
  new RegExp(`^${field}:(.*)\r$`, 'm').exec(
    String(await server.execute(['INFO', 'persistence'])),
  )?.[1]

const saved = (server: RespServer): Promise<void> =>
  expect.poll(() => info(server, 'rdb_bgsave_in_progress')).toBe('0')

test('BGSAVE adds a backup of its moment while clients go on, and keeps so many', async () => {
  using folder = temporaryFolder()
  const backups = join(folder.path, 'backups')
  const config = { 'backup-dir': backups, 'backup-keep': '2' }
  const server = await createServer({ path: join(folder.path, 'data'), config })
  onTestFinished(() => server.close())
  for (let n = 1; n <= 3; n += 1) {
    await server.execute(['SET', 'state', `after ${n}`])
    await server.execute(['HSET', 'hash', `field ${n}`, 'value'])
    expect(await server.execute(['BGSAVE'])).toBe('Background saving started')
    await expect(server.execute(['BGSAVE'])).rejects.toThrow('already in progress')
    await server.execute(['SET', 'later', String(n)])
    await saved(server)
    expect(await info(server, 'rdb_last_bgsave_status')).toBe('ok')
  }
  const kept = listBackups(backups)
  expect(kept).toHaveLength(2)
  const restored = join(folder.path, 'restored')
  await restoreBackup(backups, restored, { id: kept[0]?.id as number })
  await using again = await createServer({ path: restored })
  expect(await again.execute(['GET', 'state'])).toBe('after 2')
  expect(await again.execute(['HLEN', 'hash'])).toBe(2)
})

test('a backup that cannot be made is in INFO, and the server goes on', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'data')
  const server = await createServer({ path, config: { 'backup-dir': '/dev/null/backups' } })
  onTestFinished(() => server.close())
  await server.execute(['SET', 'key', 'value'])
  await server.execute(['BGSAVE'])
  await saved(server)
  expect(await info(server, 'rdb_last_bgsave_status')).toBe('err')
  expect(await server.execute(['SET', 'key', 'other'])).toBe('OK')
})
