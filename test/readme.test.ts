// Every TypeScript block of every README runs, and prints what its `// =>` comments promise.
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Snippet {
  readonly line: number
  readonly source: string
  /** What the `// =>` comments promise, in order. */
  readonly expected: readonly string[]
}

function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length,
    source: match[1] ?? '',
    expected: [...(match[1] ?? '').matchAll(/\/\/ => (.*)$/gm)].map((promise) => promise[1] ?? ''),
  }))
}

function run(file: string): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, file], { cwd: dirname(file) })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ stdout, stderr, code }))
  })
}

const readmes = globSync(['README.md', 'packages/*/README.md', 'examples/*/README.md'], {
  cwd: root,
}).filter((path) => existsSync(join(root, dirname(path), 'package.json')))

describe.each(readmes)('%s', (path) => {
  const snippets = snippetsOf(readFileSync(join(root, path), 'utf8'))
  if (snippets.length === 0) {
    test('has no TypeScript block that would go untested', () => {
      expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/^```(typescript|js|javascript)$/m)
    })
  }
  for (const [index, snippet] of snippets.entries()) {
    test(`the snippet at line ${snippet.line} runs and keeps its promises`, async () => {
      const folder = join(root, dirname(path), '.snippets')
      mkdirSync(folder, { recursive: true })
      const file = join(folder, `readme-${index}.ts`)
      writeFileSync(file, snippet.source)
      const { stdout, stderr, code } = await run(file)
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      expect(stdout.trimEnd().split('\n').filter(Boolean)).toEqual(snippet.expected)
    })
  }
})
