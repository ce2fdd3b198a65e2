// Every small example runs to its end and prints what its README shows.
import { spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

function runExample(folder: string): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, 'src/main.ts'], { cwd: folder })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', (code) => resolve({ output, code }))
  })
}

const examples = globSync('examples/[0-9]*/package.json', { cwd: root }).map((path) =>
  path.split(/[\\/]/).slice(0, 2).join('/'),
)

test.each(examples)('%s prints what its README shows and exits with 0', async (example) => {
  const readme = readFileSync(join(root, example, 'README.md'), 'utf8')
  const expected = /^```text\n([\s\S]*?)^```$/m.exec(readme)?.[1]
  expect(expected, 'the README has a ```text block').toBeDefined()
  const { output, code } = await runExample(join(root, example))
  expect({ output: output.trimEnd(), code }).toEqual({ output: expected?.trimEnd(), code: 0 })
})
