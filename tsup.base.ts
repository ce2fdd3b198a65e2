import { defineConfig, type Options } from 'tsup'

/** What every package's build shares. JavaScript and declarations are separate tasks, so that running needs no types. */
export function build(overrides: Options = {}): ReturnType<typeof defineConfig> {
  return defineConfig({
    entry: ['src/index.ts'],
    format: 'esm',
    target: 'node22',
    platform: 'node',
    sourcemap: true,
    splitting: true,
    silent: true,
    removeNodeProtocol: false,
    // the declarations come second and stay beside the code
    clean: !process.argv.includes('--dts-only'),
    ...overrides,
  })
}
