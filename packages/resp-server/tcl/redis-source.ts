import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const MIRRORS = [
  'http://deb.debian.org/debian bookworm main',
  'http://deb.debian.org/debian-security bookworm-security main',
]
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** The suite calls these by their place in Redis' own tree. */
const PROGRAMS = [
  'redis-cli',
  'redis-benchmark',
  'redis-server',
  'redis-check-aof',
  'redis-check-rdb',
]

function run(command: string, args: readonly string[], cwd: string): void {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (result.status === 0) return
  throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`)
}

function sourceIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((entry) => /^redis-\d[\d.]*$/.test(entry))
  return name === undefined ? undefined : join(folder, name)
}

/**
 * The folder of Debian's Redis source, fetched once into the user's cache: the system's own list
 * of package sources is left alone.
 */
export function redisSource(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'ashlar', 'redis-tcl')
  mkdirSync(join(folder, 'apt', 'lists', 'partial'), { recursive: true })
  let source = sourceIn(folder)
  if (source === undefined) {
    const list = join(folder, 'apt', 'sources.list')
    writeFileSync(list, MIRRORS.map((one) => `deb-src [signed-by=${KEYRING}] ${one}\n`).join(''))
    const options = [
      `Dir::Etc::sourcelist=${list}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::lists=${join(folder, 'apt', 'lists')}`,
      'Dir::Cache::srcpkgcache=',
      'Dir::Cache::pkgcache=',
    ].flatMap((option) => ['-o', option])
    run('apt-get', [...options, 'update', '-q'], folder)
    run('apt-get', [...options, 'source', '--download-only', 'redis'], folder)
    const archive = readdirSync(folder).find((name) => /^redis_.*\.orig\.tar\.\w+$/.test(name))
    if (archive === undefined) throw new Error(`no source archive came to ${folder}`)
    run('tar', ['xf', archive], folder)
    source = sourceIn(folder)
    if (source === undefined) throw new Error(`no source folder in ${folder}`)
  }
  for (const program of PROGRAMS) {
    const path = join(source, 'src', program)
    if (!existsSync(path)) symlinkSync(join('/usr/bin', program), path)
  }
  return source
}

/**
 * A new folder like Redis' own tree, with a place of its own for temporary files, in which
 * `redis-server` is this command: for tests that start servers by themselves.
 */
export function spawnTree(source: string, folder: string, command: readonly string[]): string {
  mkdirSync(join(folder, 'src'), { recursive: true })
  mkdirSync(join(folder, 'tests', 'tmp'), { recursive: true })
  for (const part of readdirSync(join(source, 'tests'))) {
    if (part !== 'tmp') symlinkSync(join(source, 'tests', part), join(folder, 'tests', part))
  }
  for (const part of ['utils', 'redis.conf']) symlinkSync(join(source, part), join(folder, part))
  for (const program of PROGRAMS) {
    if (program === 'redis-server') continue
    symlinkSync(join('/usr/bin', program), join(folder, 'src', program))
  }
  const words = command.map((word) => `'${word}'`).join(' ')
  writeFileSync(join(folder, 'src', 'redis-server'), `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  })
  return folder
}
