import type { StackLevel } from './stack-levels.ts'

/** Lines that `new Function` puts before the body. */
const HEADER_LINES = 2

/** What explains the errors of a chunk. */
export class ChunkInfo {
  /** The name that messages show, such as `user_script`. */
  readonly displayName: string
  /** The name as it was given, such as `@user_script`. */
  readonly source: string
  private readonly body: readonly string[]
  private readonly lines: readonly number[]
  private readonly sites: readonly (string | undefined)[]

  constructor(
    names: { readonly displayName: string; readonly source: string },
    code: {
      readonly body: string
      readonly lines: readonly number[]
      readonly sites: readonly (string | undefined)[]
    },
  ) {
    this.displayName = names.displayName
    this.source = names.source
    this.body = code.body.split('\n')
    this.lines = code.lines
    this.sites = code.sites
  }

  lineOf(level: StackLevel): number {
    return this.lines[level.line - 1 - HEADER_LINES] ?? 0
  }

  /** What a site's expression is called, such as `local 'x'`. */
  siteName(site: number): string | undefined {
    return this.sites[site]
  }

  /** What the call that stands at this position calls: its text ends with the site's number. */
  calleeName(level: StackLevel): string | undefined {
    const index = level.line - 1 - HEADER_LINES
    const before =
      level.column > 1
        ? (this.body[index] ?? '').slice(0, level.column - 1)
        : (this.body[index - 1] ?? '')
    const site = /,(\d+)\)\)$/.exec(before)
    return site === null ? undefined : this.siteName(Number(site[1]))
  }
}

/** Finds the chunk of a stack frame; lets go of chunks whose functions are gone. */
export class ChunkRegistry {
  private readonly chunks = new Map<number, WeakRef<ChunkInfo>>()
  /** The functions of a chunk hold its slots, and the slots hold what explains their errors. */
  private readonly held = new WeakMap<Int32Array, ChunkInfo>()
  private nextId = 1
  private sweepAt = 256

  /** Gives the number by which frames of the chunk are marked. */
  add(info: ChunkInfo, slots: Int32Array): number {
    const id = this.nextId++
    this.chunks.set(id, new WeakRef(info))
    this.held.set(slots, info)
    if (this.chunks.size > this.sweepAt) this.sweep()
    return id
  }

  find(level: StackLevel | undefined): ChunkInfo | undefined {
    return level?.chunk === undefined ? undefined : this.chunks.get(level.chunk)?.deref()
  }

  private sweep(): void {
    for (const [id, ref] of this.chunks) if (ref.deref() === undefined) this.chunks.delete(id)
    this.sweepAt = Math.max(256, this.chunks.size * 2)
  }
}
