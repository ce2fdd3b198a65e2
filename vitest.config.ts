import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './scripts/closing-line-reporter.ts'

// Tests run on the sources; TEST_TARGET=dist runs the same suite on what is published.
const isDist = process.env['TEST_TARGET'] === 'dist'
const source = isDist ? [] : ['@ashlar/source']
const conditions = [...source, 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    execArgv: source.map((condition) => `--conditions=${condition}`),
    setupFiles: ['./scripts/property-seed.ts'],
    // the many programs that tests start: their sources are compiled once, which is half of a start
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compile') },
    reporters: ['default', new ClosingLineReporter()],
    // for what hangs: a busy machine takes several times as long as a quiet one
    testTimeout: 60_000,
    // one for each core: by default one core is left to the editor that watches
    maxWorkers: '100%',
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [
            '**/*.{crash,conformance,slow}.test.ts',
            ...(isDist ? ['test/tidy.test.ts'] : []),
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          // whole servers and browsers behave alike on both; processes and command lines may not
          include: isDist
            ? ['packages/*/test/**/*.crash.test.ts', 'packages/*/test/**/cli.slow.test.ts']
            : [
                'packages/*/test/**/*.{crash,conformance,slow}.test.ts',
                'examples/*/test/**/*.test.ts',
                'test/**/*.slow.test.ts',
              ],
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
