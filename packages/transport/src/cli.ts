import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { runCli } from './cli/run-cli.ts'

// one level below the package's folder, as source and as built
const manifest = new URL('../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupt.abort(name))
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads the output has seen enough.
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runCli(process.argv.slice(2), version, {
  env: process.env,
  out: async (line) => {
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
  },
  err: (line) => process.stderr.write(`${line}\n`),
  readInput: async () => {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
  signal: interrupt.signal,
})
// What was interrupted may still wait for input or an answer; what was printed is whole lines.
if (interrupt.signal.aborted) process.stdout.write('', () => process.exit())
