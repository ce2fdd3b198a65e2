// Runs a package.json script with the Node and pnpm this repository needs and its dependencies installed.
// What the machine has already is used; what it lacks comes once, through npm, into .tools/ (git-ignored).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const tools = join(root, '.tools')
const windows = process.platform === 'win32'
const nodePackage = `node-${windows ? 'win' : process.platform}-${process.arch}` // the bare executable, no install script
const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env }
const run = (command, args, options) =>
  spawnSync(command, args, { cwd: root, env, shell: windows, encoding: 'utf8', ...options })
const must = ({ status, error, stdout, stderr }) => {
  if (status === 0) return
  console.error(error?.message ?? [stdout, stderr].filter(Boolean).join('\n'))
  process.exit(status ?? 1)
}

const [major, minor] = process.versions.node.split('.').map(Number)
const missing = {}
if (!(major > 24 || (major === 24 && minor >= 11))) missing[nodePackage] = '24.21.0'
// asked outside the workspace, so that the answer is the machine's own pnpm
if (!run('pnpm', ['--version'], { cwd: tmpdir() }).stdout?.startsWith('12.')) missing.pnpm = '12.21.0'

if (Object.keys(missing).length > 0) {
  const manifest = join(tools, 'package.json')
  const text = JSON.stringify({ private: true, dependencies: missing, allowScripts: { pnpm: true } })
  if (!existsSync(join(tools, 'node_modules', '.package-lock.json')) || readFileSync(manifest, 'utf8') !== text) {
    mkdirSync(tools, { recursive: true })
    writeFileSync(manifest, text)
    must(run('npm', ['install', '--prefix', tools, '--no-package-lock', '--no-audit', '--no-fund'], { cwd: tools }))
  }
  const bins = [join(tools, 'node_modules', nodePackage, windows ? '' : 'bin'), join(tools, 'node_modules', '.bin')]
  env[pathKey] = [...bins, env[pathKey]].join(delimiter)
}
// pnpm 12 reads neither npm_config_registry nor npm's global npmrc: hand it what npm would use
env.pnpm_config_registry ??= env.npm_config_registry ?? run('npm', ['config', 'get', 'registry']).stdout.trim()
must(run('pnpm', ['install', '--frozen-lockfile']))
must(run('pnpm', ['run', ...process.argv.slice(2)], { stdio: 'inherit' }))
