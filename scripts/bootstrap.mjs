// Runs a package.json script with the Node and pnpm this repository needs and its dependencies
// installed. What the machine has already is used; what it lacks comes once, through npm, into
// .tools/ (git-ignored). Plain JavaScript without dependencies: an old Node must be able to run it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_VERSION = '24.21.0'
const PNPM_VERSION = '12.21.0'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tools = join(root, '.tools')
const windows = process.platform === 'win32'
// the bare executable for this platform, without an install script
const nodePackage = `node-${windows ? 'win' : process.platform}-${process.arch}`
const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env }

const run = (command, args, options) =>
  spawnSync(command, args, { cwd: root, env, shell: windows, encoding: 'utf8', ...options })

const must = ({ status, signal, error, stdout, stderr }) => {
  if (status === 0) return
  const text = error?.message ?? [stdout, stderr].filter(Boolean).join('\n')
  if (text) console.error(text)
  process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
}

function installTools(missing) {
  const manifest = join(tools, 'package.json')
  const text = JSON.stringify({
    private: true,
    dependencies: missing,
    allowScripts: { pnpm: true },
  })
  const installed = existsSync(join(tools, 'node_modules', '.package-lock.json'))
  if (!installed || readFileSync(manifest, 'utf8') !== text) {
    console.error(`Installing ${Object.keys(missing).join(' and ')} into .tools/ (once) ...`)
    mkdirSync(tools, { recursive: true })
    writeFileSync(manifest, text)
    const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
    // npm runs inside the folder, so that a path with spaces never meets a shell
    must(run('npm', ['install', ...flags], { cwd: tools }))
  }
  const modules = join(tools, 'node_modules')
  const bins = [join(modules, nodePackage, windows ? '' : 'bin'), join(modules, '.bin')]
  env[pathKey] = [...bins, env[pathKey]].join(delimiter)
}

const [major, minor] = process.versions.node.split('.').map(Number)
const missing = {}
if (!(major > 24 || (major === 24 && minor >= 11))) missing[nodePackage] = NODE_VERSION
// asked outside the workspace, so that the answer is the machine's own pnpm
const pnpm = run('pnpm', ['--version'], { cwd: tmpdir() })
if (!pnpm.stdout?.startsWith('12.')) missing.pnpm = PNPM_VERSION
if (Object.keys(missing).length > 0) installTools(missing)

// pnpm 12 reads neither npm_config_registry nor npm's global npmrc: hand it what npm would use
env.pnpm_config_registry ??=
  env.npm_config_registry ?? run('npm', ['config', 'get', 'registry']).stdout.trim()
must(run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline']))
must(run('pnpm', ['run', ...process.argv.slice(2)], { stdio: 'inherit' }))
