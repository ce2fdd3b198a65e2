import type { LookAhead } from './look-ahead.ts'

/** Strings that exist: one of them may stand for bytes that have come. */
export interface Names {
  /** The string of `bytes[start..end)`, which have this hash, if there is one. */
  nameOf(bytes: Uint8Array, start: number, end: number, hash: number): string | undefined
  /** The bytes that {@link nameOf} was just asked for, in vain, are this string. */
  isNoName(text: string): void
}

export interface KnownNames extends Names {
  /** There are so many that the processor's caches do not hold them: to {@link warm} them pays. */
  readonly isLarge: boolean
  /** What comes next, for {@link warm}. */
  readonly ahead: LookAhead
  /** A request of several names comes, to be asked for by {@link nextNameOf}. */
  expectSeveral(): void
  nextNameOf(bytes: Uint8Array, start: number, end: number, hash: number): string | undefined
  /** Names below one, when they are looked for by their hashes. */
  elementsOf(name: string): (Names & { readonly isIndexed: boolean }) | undefined
  /** Those of {@link ahead} in `bytes` will be asked for: hashes them, and touches what they lead to. */
  warm(bytes: Uint8Array): void
}
