import { createHash } from 'node:crypto'
import { ReplyError } from '../errors.ts'
import { createRedisTable, LuaSandbox, type LuaScript, LuaSyntaxError } from '../lua/index.ts'
import { parseScript, type ScriptFlag } from './script-flags.ts'
import { argvOf, keysOf, type ScriptCall } from './script-run.ts'
import type { ScriptRunner } from './script-runner.ts'

/** Scripts that came by EVAL and were used least recently are forgotten beyond this many. */
const MAX_EVALUATED = 500

/** A compiled script. */
export interface CachedScript {
  readonly sha: string
  readonly source: string
  readonly flags: ReadonlySet<ScriptFlag> | undefined
  readonly script: LuaScript
  /** Loaded by SCRIPT LOAD: stays until SCRIPT FLUSH. */
  isLoaded: boolean
}

/** The scripts of EVAL, EVALSHA and SCRIPT, compiled once. They are not kept across restarts. */
export class ScriptCache {
  readonly #runner: ScriptRunner
  readonly #bySha = new Map<string, CachedScript>()
  /** By their text: a lookup costs less than a hash. Scripts of EVAL only, oldest first. */
  readonly #evaluated = new Map<string, CachedScript>()
  #sandbox: LuaSandbox | undefined
  #runtime: ReturnType<ScriptRunner['createRuntime']> | undefined
  #newest: CachedScript | undefined
  evicted = 0

  constructor(runner: ScriptRunner) {
    this.#runner = runner
  }

  get size(): number {
    return this.#bySha.size
  }

  /** Bytes of the texts that are kept. */
  get bytes(): number {
    let bytes = 0
    for (const { source } of this.#bySha.values()) bytes += source.length + 40
    return bytes
  }

  find(sha: string): CachedScript | undefined {
    return this.#bySha.get(sha) ?? this.#bySha.get(sha.toLowerCase())
  }

  /** The script of this text, compiled when it is new. Throws what the client is answered. */
  evaluate(source: string): CachedScript {
    if (this.#newest?.source === source) return this.#newest
    let cached = this.#evaluated.get(source)
    if (cached === undefined) {
      cached = this.#bySha.get(shaOf(source)) ?? this.#compile(source)
    } else this.#evaluated.delete(source)
    if (!cached.isLoaded) {
      this.#evaluated.set(source, cached)
      if (this.#evaluated.size > MAX_EVALUATED) this.#forgetOldest()
    }
    this.#newest = cached
    return cached
  }

  /** Of a text that may not be known, or not even be right. */
  declaresNoWrites(source: string): boolean {
    return this.flagsOf(source)?.has('no-writes') === true
  }

  flagsOf(source: string): ReadonlySet<ScriptFlag> | undefined {
    if (!source.startsWith('#!')) return undefined
    try {
      return parseScript(source).flags
    } catch {
      // EVAL will say what is wrong with it
      return undefined
    }
  }

  /** SCRIPT LOAD. */
  load(source: string): CachedScript {
    const cached = this.#bySha.get(shaOf(source)) ?? this.#compile(source)
    cached.isLoaded = true
    this.#evaluated.delete(source)
    return cached
  }

  flush(): void {
    this.#bySha.clear()
    this.#evaluated.clear()
    this.#newest = undefined
    this.#sandbox = undefined
    this.#runtime = undefined
  }

  /** Runs it and answers the caller. */
  run({ sha, flags, script }: CachedScript, call: ScriptCall): void {
    const { runtime, sandbox } = this.#state()
    const { caller, command, isReadOnlyCommand } = call
    this.#runner.execute(
      { name: sha, kind: 'script', flags, caller, command, isReadOnlyCommand },
      runtime,
      () => sandbox.runWith(script, keysOf(call), argvOf(call)),
    )
  }

  #compile(source: string): CachedScript {
    const { flags, body } = parseScript(source)
    try {
      const script = this.#state().runtime.compile(body, '@user_script')
      const cached = { sha: shaOf(source), source, flags, script, isLoaded: false }
      this.#bySha.set(cached.sha, cached)
      return cached
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error
      throw new ReplyError(`ERR Error compiling script (new function): ${error.message}`)
    }
  }

  #forgetOldest(): void {
    for (const [source, { sha }] of this.#evaluated) {
      this.#evaluated.delete(source)
      this.#bySha.delete(sha)
      this.evicted += 1
      return
    }
  }

  /** Made when the first script comes. */
  #state(): { runtime: ReturnType<ScriptRunner['createRuntime']>; sandbox: LuaSandbox } {
    this.#runtime ??= this.#runner.createRuntime()
    this.#sandbox ??= new LuaSandbox(this.#runtime, {
      redis: createRedisTable(this.#runtime.context, this.#runner),
    })
    return { runtime: this.#runtime, sandbox: this.#sandbox }
  }
}

const shaOf = (source: string): string => createHash('sha1').update(source, 'latin1').digest('hex')
