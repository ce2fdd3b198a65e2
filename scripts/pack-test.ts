// `pnpm test:pack`: packs every public package, lints the tarballs (publint, attw), installs them
// into an empty folder as a user would, and there imports, requires, type-checks and uses them.
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const box = mkdtempSync(join(tmpdir(), 'ashlar-pack-'))
const tarballs = join(box, 'tarballs')
const user = join(box, 'user')

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  /** All of ours are optional: an entry needs them, the package does not. */
  readonly peerDependencies?: Readonly<Record<string, string>>
}

let passed = 0
let failed = 0

function step(name: string, command: string, args: readonly string[], cwd: string): boolean {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' })
  const ok = result.status === 0
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`)
  if (ok) passed += 1
  else {
    failed += 1
    console.log(result.error?.message ?? `${result.stdout}${result.stderr}`.trimEnd())
  }
  return ok
}

/** Import paths that the package exports to its users, such as `@ashlar/transport/testing`. */
function entriesOf(manifest: Manifest): string[] {
  return Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => join(manifest.name, entry).replaceAll('\\', '/'))
}

function firstSnippet(readme: string): string {
  return /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(readme, 'utf8'))?.[1] ?? ''
}

const packages = globSync('packages/*/package.json', { cwd: root })
  .map((path) => ({
    folder: join(root, dirname(path)),
    manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest,
  }))
  .filter(({ manifest }) => manifest.private !== true)

try {
  mkdirSync(tarballs)
  mkdirSync(user)
  for (const { folder, manifest } of packages) {
    const { name } = manifest
    step(`${name}: publint`, 'publint', ['run', '--strict', '--pack', 'pnpm'], folder)
    step(`${name}: pack`, 'pnpm', ['pack', '--pack-destination', tarballs], folder)
  }
  const files = globSync('*.tgz', { cwd: tarballs }).map((file) => join(tarballs, file))
  for (const file of files) {
    step(
      `${basename(file)}: types`,
      'attw',
      [file, '--profile', 'esm-only', '--format', 'ascii'],
      root,
    )
  }

  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  step('install the tarballs into an empty folder', 'npm', ['install', ...flags, ...files], user)
  for (const bin of packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))) {
    step(`${bin} --version`, join(user, 'node_modules/.bin', bin), ['--version'], user)
  }
  const peers = packages.flatMap(({ manifest }) =>
    Object.entries(manifest.peerDependencies ?? {}).map(([name, range]) => `${name}@${range}`),
  )
  if (peers.length > 0) step('install peers', 'npm', ['install', ...flags, ...peers], user)

  const entries = packages.flatMap(({ manifest }) => entriesOf(manifest))
  const imports = entries.map((entry, index) => `import * as m${index} from '${entry}'`).join('\n')
  const names = entries.map((_, index) => `m${index}`).join(', ')
  writeFileSync(
    join(user, 'esm.mjs'),
    `${imports}\nfor (const m of [${names}]) if (Object.keys(m).length === 0) throw new Error('empty entry')\n`,
  )
  step('import every entry', 'node', ['esm.mjs'], user)
  const requires = entries.map((entry) => `require('${entry}')`).join('\n')
  writeFileSync(join(user, 'commonjs.cjs'), `${requires}\n`)
  step('require every entry', 'node', ['--no-warnings', 'commonjs.cjs'], user)

  const types = spawnSync('npm', ['install', ...flags, '--no-save', '@types/node@24'], {
    cwd: user,
  })
  if (types.status !== 0) throw new Error('could not install @types/node')
  writeFileSync(join(user, 'types.mts'), `${imports}\nexport const all: object[] = [${names}]\n`)
  const tsc = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2023']
  const resolution = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node']
  step(
    'type-check a consumer',
    join(root, 'node_modules/.bin/tsc'),
    [...tsc, ...resolution, 'types.mts'],
    user,
  )

  for (const { folder, manifest } of packages) {
    const file = `${basename(folder)}.ts`
    writeFileSync(join(user, file), firstSnippet(join(folder, 'README.md')))
    step(`${manifest.name}: the README's first snippet`, 'node', [file], user)
  }
} finally {
  rmSync(box, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
