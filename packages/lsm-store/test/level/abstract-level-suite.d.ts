declare module 'abstract-level/test/index.js' {
  /** The suite that abstract-level publishes for its implementations. */
  export default function suite(options: {
    readonly test: unknown
    readonly factory: (options?: never) => unknown
  }): void
}

declare module 'tape' {
  const test: unknown
  export default test
}
