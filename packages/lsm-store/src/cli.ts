import { readFileSync } from 'node:fs'
import { runCli } from './cli/run-cli.ts'

// one level below the package's folder, as source and as built
const manifest = new URL('../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }

const { stdin, stdout, stderr } = process
process.exitCode = await runCli(process.argv.slice(2), version, { stdin, stdout, stderr })
