// Makes sure that the real servers and the browser that tests and benchmarks talk to are here.
// Present: used as they are, without network. Missing: installed from the system's packages, or a
// message that says what to install and exit code 1. Tests are never skipped for want of a server.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

interface Program {
  readonly name: string
  /** Any one of these on the PATH will do. */
  readonly binaries?: readonly string[]
  /** For what is no program: a command that succeeds when it is there. */
  readonly probe?: readonly [command: string, ...args: string[]]
  readonly apt: string
  readonly brew: string
}

const PROGRAMS: readonly Program[] = [
  { name: 'Redis', binaries: ['redis-server'], apt: 'redis-server', brew: 'redis' },
  {
    name: 'PostgreSQL',
    binaries: ['postgres'],
    apt: 'postgresql',
    brew: 'postgresql',
  },
  { name: 'NATS', binaries: ['nats-server'], apt: 'nats-server', brew: 'nats-server' },
  { name: 'OpenSSL', binaries: ['openssl'], apt: 'openssl', brew: 'openssl' },
  {
    name: 'Chromium',
    binaries: ['chromium', 'chromium-browser', 'google-chrome'],
    apt: 'chromium',
    brew: '--cask chromium',
  },
  {
    name: 'redis-py',
    probe: ['/usr/bin/python3', '-c', 'import redis'],
    apt: 'python3-redis',
    brew: 'python',
  },
]

const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  // Debian keeps the programs of each PostgreSQL version off the PATH
  ...globSync('/usr/lib/postgresql/*/bin'),
]

function isInstalled({ binaries = [], probe }: Program): boolean {
  if (probe !== undefined) {
    const [command, ...args] = probe
    return canRun(command, args)
  }
  return binaries.some((binary) =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, binary), constants.X_OK)
        return true
      } catch {
        return false
      }
    }),
  )
}

function canRun(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** The prefix that runs a command as root, or undefined where that needs a person. */
function asRoot(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return []
  return canRun('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined
}

function installWithApt(packages: readonly string[]): boolean {
  const prefix = asRoot()
  if (prefix === undefined || !canRun('apt-get', ['--version'])) return false
  const apt = (...args: readonly string[]): boolean => {
    // RUNLEVEL=1: Debian's packages then do not start the servers as services
    const command = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get']
    const [file = '', ...rest] = [...command, ...args]
    const result = spawnSync(file, rest, { encoding: 'utf8' })
    if (result.status !== 0) process.stderr.write(`${result.stdout}${result.stderr}`)
    return result.status === 0
  }
  console.error(`Installing ${packages.join(', ')} with apt-get (once) ...`)
  return apt('update', '-q') && apt('install', '-y', '-q', '--no-install-recommends', ...packages)
}

const missing = PROGRAMS.filter((program) => !isInstalled(program))
if (missing.length > 0 && !installWithApt(missing.map((program) => program.apt))) {
  const brew = missing.map((program) => program.brew).join(' ')
  console.error(
    [
      `The tests use ${missing.map((program) => program.name).join(', ')}, not found here.`,
      `Debian, Ubuntu: sudo apt-get install ${missing.map((program) => program.apt).join(' ')}`,
      `macOS:          brew install ${brew}`,
      'Then run the tests again.',
    ].join('\n'),
  )
  process.exit(1)
}
