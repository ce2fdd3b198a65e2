// `npm start`: builds what the flagship needs, then runs it with the arguments given.
import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'

const build = spawnSync(
  'turbo',
  [
    'run',
    'build',
    '--filter=@ashlar-examples/control-room...',
    '--output-logs=errors-only',
    '--ui=stream',
  ],
  { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', shell: process.platform === 'win32' },
)
if (build.status !== 0) {
  process.stderr.write(build.error?.message ?? `${build.stdout}${build.stderr}`)
  process.exit(build.status ?? 1)
}

const child = spawn(process.execPath, ['src/main.ts', ...process.argv.slice(2)], {
  cwd: new URL('../examples/control-room/', import.meta.url),
  stdio: 'inherit',
})
// Ctrl-C reaches the whole process group: the example shuts down by itself and we wait for it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128 + (constants.signals[signal] ?? 0))
})
