// The countable rules of the house, held by a test. CONTRIBUTING.md says what they are for.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test, vi } from 'vitest'

// All sources are parsed by whichever rule comes first: on a machine that does other things beside, that
// alone has taken longer than a test may by default.
vi.setConfig({ testTimeout: 180_000 })

const root = join(import.meta.dirname, '..')
const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60
/** A file (in its first lines) or a function (in the comment above it) says why it is long. */
const LONG_ON_PURPOSE = /Long on purpose: \S/

const TOP: ReadonlySet<string> = new Set(
  (
    '.changeset .ci .dependency-cruiser.mjs .gitattributes .gitignore .oxlintrc.json CONTRIBUTING.md LICENSE README.md biome.json docs examples ' +
    'knip.json package.json packages pnpm-lock.yaml pnpm-workspace.yaml scripts test tsconfig.base.json ' +
    'tsconfig.json tsconfig.test.json tsup.base.ts turbo.json vitest.config.ts'
  ).split(' '),
)

const sources = globSync('packages/*/src/**/*.ts', { cwd: root })
const tests = globSync(['packages/*/test/**/*.ts', 'examples/*/test/**/*.ts', 'test/**/*.ts'], {
  cwd: root,
})

type Finding = string
type Rule = (file: ts.SourceFile, report: (node: ts.Node, what: string) => void) => void

/** Each file is parsed once for all rules. */
const parsed = new Map<string, ts.SourceFile>()

function parse(path: string): ts.SourceFile {
  const known = parsed.get(path)
  if (known !== undefined) return known
  const text = readFileSync(join(root, path), 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  parsed.set(path, file)
  return file
}

function findings(paths: readonly string[], rule: Rule): Finding[] {
  const found: Finding[] = []
  for (const path of paths) {
    const file = parse(path)
    rule(file, (node, what) => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
      found.push(`${path}:${line + 1} ${what}`)
    })
  }
  return found
}

function forEachNode(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  node.forEachChild((child) => forEachNode(child, visit))
}

/** A comment on the node's line or the line above it gives the reason. */
function hasReason(file: ts.SourceFile, node: ts.Node): boolean {
  const lines = file.text.split('\n')
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
  return /\/\/|\*\//.test(lines[line] ?? '') || /\/\/|\*\//.test(lines[line - 1] ?? '')
}

function linesOf(file: ts.SourceFile, node: ts.Node): number {
  const start = file.getLineAndCharacterOfPosition(node.getStart(file)).line
  return file.getLineAndCharacterOfPosition(node.getEnd()).line - start + 1
}

const isFunction = (node: ts.Node): boolean =>
  ts.isFunctionDeclaration(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isConstructorDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isAccessor(node)

describe('the repository', () => {
  const isClone = existsSync(join(root, '.git'))
  test.skipIf(!isClone)('has at its top what belongs there (asked of git, so in a clone)', () => {
    const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    const top = new Set(tracked.split('\0').map((path) => path.split('/', 1)[0] as string))
    expect([...top].filter((name) => name !== '' && !TOP.has(name))).toEqual([])
  })
})

describe('sources', () => {
  test(`are at most ${MAX_FILE_LINES} lines long, or say why`, () => {
    const long = findings(sources, (file, report) => {
      const lines = file.text.split('\n')
      if (lines.length - 1 <= MAX_FILE_LINES) return
      if (!LONG_ON_PURPOSE.test(lines.slice(0, 12).join('\n'))) {
        report(file, `${lines.length - 1} lines`)
      }
    })
    expect(long).toEqual([])
  })

  test(`have functions of at most ${MAX_FUNCTION_LINES} lines, or say why`, () => {
    const long = findings(sources, (file, report) =>
      forEachNode(file, (node) => {
        if (!isFunction(node) || linesOf(file, node) <= MAX_FUNCTION_LINES) return
        const above = file.text.slice(node.getFullStart(), node.getStart(file))
        if (!LONG_ON_PURPOSE.test(above)) report(node, `${linesOf(file, node)} lines`)
      }),
    )
    expect(long).toEqual([])
  })

  test('do not write to the console, except command lines', () => {
    const libraries = sources.filter((path) => !/[\\/]cli([\\/.]|$)|bench-kit/.test(path))
    const consoles = findings(libraries, (file, report) =>
      forEachNode(file, (node) => {
        if (ts.isIdentifier(node) && node.text === 'console') report(node, 'console')
      }),
    )
    expect(consoles).toEqual([])
  })

  test('have a reason beside each any, as unknown as and non-null assertion', () => {
    const unexplained = findings(sources, (file, report) =>
      forEachNode(file, (node) => {
        const escapeHatch =
          node.kind === ts.SyntaxKind.AnyKeyword
            ? 'any'
            : ts.isAsExpression(node) &&
                ts.isAsExpression(node.expression) &&
                node.expression.type.kind === ts.SyntaxKind.UnknownKeyword
              ? 'as unknown as'
              : // an index that the loop bounds is its own reason
                ts.isNonNullExpression(node) && !ts.isElementAccessExpression(node.expression)
                ? 'non-null assertion'
                : undefined
        if (escapeHatch !== undefined && !hasReason(file, node)) report(node, escapeHatch)
      }),
    )
    expect(unexplained).toEqual([])
  })

  test('do nothing at import time: no top-level await, timers or listeners', () => {
    const libraries = sources.filter(
      (path) => !/[\\/](cli|worker)([\\/.]|$)|-worker\.ts$/.test(path),
    )
    const effects = findings(libraries, (file, report) => {
      for (const statement of file.statements) {
        if (!ts.isExpressionStatement(statement)) continue
        const { expression } = statement
        if (ts.isAwaitExpression(expression)) report(statement, 'top-level await')
        if (
          ts.isCallExpression(expression) &&
          /^(set(Timeout|Interval)|process\.)/.test(expression.getText(file))
        ) {
          report(statement, 'work at import time')
        }
      }
    })
    expect(effects).toEqual([])
  })
})

describe('all code', () => {
  const all = [...sources, ...tests, ...globSync('examples/*/src/**/*.ts', { cwd: root })]

  test('names the issue of each open end', () => {
    const open = all.flatMap((path) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          /\/\/.*\b(TODO|FIXME|XXX|HACK)\b(?! \(#\d+\))/.test(line) ? [`${path}:${index + 1}`] : [],
        ),
    )
    expect(open).toEqual([])
  })

  test('takes no path from a URL but by fileURLToPath: folders may have spaces in their names', () => {
    const bad = findings(all, (file, report) =>
      forEachNode(file, (node) => {
        if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'pathname') return
        if (node.expression.getText(file).includes('import.meta.url')) report(node, 'pathname')
      }),
    )
    expect(bad).toEqual([])
  })

  test('has no test that sleeps, is focused, or is skipped without a reason', () => {
    const bad = findings(
      tests.filter((path) => path.endsWith('.test.ts')),
      (file, report) =>
        forEachNode(file, (node) => {
          if (!ts.isCallExpression(node)) return
          const callee = node.expression.getText(file)
          const delay = node.arguments[1]
          if (/^(setTimeout|sleep|delay)$/.test(callee)) {
            const ms = delay ?? node.arguments[0]
            if (ms && ts.isNumericLiteral(ms) && Number(ms.text) >= 100) report(node, 'sleep')
          }
          if (/^(test|it|describe)\.(only|todo|fails)$/.test(callee)) report(node, callee)
          if (/^(test|it|describe)\.skip$/.test(callee) && !hasReason(file, node)) {
            report(node, `${callee} without a reason`)
          }
        }),
    )
    expect(bad).toEqual([])
  })
})
