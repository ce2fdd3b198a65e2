import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, globSync, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { freePort } from '@ashlar/transport/testing'

export interface PostgresServer {
  readonly url: string
  stop(): Promise<void>
}

/** A settings line per thing in which the server differs from its defaults, and why. */
const SETTINGS = [
  'fsync=on',
  // a commit is acknowledged before its fsync, as in the other contestants
  'synchronous_commit=off',
  'shared_buffers=256MB',
  'max_wal_size=4GB',
  'listen_addresses=127.0.0.1',
]

/** A PostgreSQL server of its own in `folder`, run as an unprivileged user, on a free port. */
export async function startPostgres(folder: string): Promise<PostgresServer> {
  const user = unprivilegedUser()
  const data = join(folder, 'data')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const asUser: SpawnOptions = { cwd: folder, ...user }
  const made = spawnSync(
    binary('initdb'),
    ['-D', data, '-U', 'bench', '--auth=trust', '--no-sync'],
    { ...asUser, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr}`)
  const port = await freePort()
  const settings = [...SETTINGS, `unix_socket_directories=${folder}`]
  const child = spawn(
    binary('postgres'),
    ['-D', data, '-p', `${port}`, ...settings.flatMap((setting) => ['-c', setting])],
    { ...asUser, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let log = ''
  const ready = Promise.withResolvers<void>()
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
    if (log.includes('database system is ready to accept connections')) ready.resolve()
    log = log.slice(-10_000)
  })
  child.once('error', ready.reject)
  child.once('exit', () => ready.reject(new Error(`postgres ended: ${log}`)))
  await ready.promise
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGINT') // the fast shutdown
      await once(child, 'exit')
    },
  }
}

/** On the PATH, or where Debian keeps the newest version's. */
function binary(name: string): string {
  const folders = [
    ...globSync('/usr/lib/postgresql/*/bin').toSorted().reverse(),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // looked for in the next folder
    }
  }
  throw new Error(`${name} is not installed: run node scripts/ensure-servers.ts`)
}

/** PostgreSQL refuses to run as root: then as the user of the package, or as nobody. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const passwd = readFileSync('/etc/passwd', 'utf8')
  const found =
    /^postgres:[^:]*:(\d+):(\d+)/m.exec(passwd) ?? /^nobody:[^:]*:(\d+):(\d+)/m.exec(passwd)
  if (found === null) throw new Error('there is no user to run PostgreSQL as')
  return { uid: Number(found[1]), gid: Number(found[2]) }
}
