import { ReplyError } from '../errors.ts'
import { LuaScriptError, LuaSyntaxError } from '../lua/index.ts'
import type { ServerContext } from '../server/context.ts'
import {
  BAD_NAME,
  isPlainName,
  type Library,
  type LibraryFunction,
  parseLibrary,
} from './library.ts'
import { LibrarySandbox } from './library-sandbox.ts'
import { argvOf, keysOf, type ScriptCall, ScriptInterrupted } from './script-run.ts'
import type { ScriptRunner } from './script-runner.ts'

export type RestorePolicy = 'append' | 'replace' | 'flush'

/** The libraries of FUNCTION and FCALL. They are kept like keys, and belong to no database. */
export class FunctionLibraries {
  readonly #server: ServerContext
  readonly #runner: ScriptRunner
  #libraries: ReadonlyMap<string, Library> = new Map()
  #functions: ReadonlyMap<string, LibraryFunction> = new Map()
  #sandbox: LibrarySandbox | undefined

  constructor(server: ServerContext, runner: ScriptRunner) {
    this.#server = server
    this.#runner = runner
  }

  get all(): readonly Library[] {
    return [...this.#libraries.values()]
  }

  get libraryCount(): number {
    return this.#libraries.size
  }

  get functionCount(): number {
    return this.#functions.size
  }

  find(name: string): LibraryFunction | undefined {
    return this.#functions.get(name.toLowerCase())
  }

  /** At start: what the store has. A library that no longer loads is reported and left alone. */
  recover(stored: ReadonlyMap<string, string>): void {
    for (const [name, code] of stored) {
      try {
        this.#install(add(this.#libraries, [this.#compile(code)], false))
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        this.#server.logger.error('a library cannot be loaded', { library: name, error: message })
      }
    }
  }

  /** Only these from here on: what a server that follows another was sent. */
  follow(stored: ReadonlyMap<string, string>): void {
    const left = new Map(this.#libraries)
    for (const [name, { code }] of this.#libraries) {
      if (stored.get(name) !== code) left.delete(name)
    }
    this.#install(left)
    this.recover(new Map([...stored].filter(([name]) => !left.has(name))))
  }

  /** FUNCTION LOAD; answers the library's name. */
  load(code: string, replaces: boolean): string {
    const { name } = parseLibrary(code)
    if (!replaces && this.#libraries.has(name)) {
      throw new ReplyError(`ERR Library '${name}' already exists`)
    }
    this.#change(add(this.#libraries, [this.#compile(code)], replaces))
    return name
  }

  delete(name: string): void {
    if (!this.#libraries.has(name)) throw new ReplyError('ERR Library not found')
    const left = new Map(this.#libraries)
    left.delete(name)
    this.#change(left)
  }

  flush(): void {
    this.#change(new Map())
    this.#sandbox = undefined
  }

  restore(codes: readonly string[], policy: RestorePolicy): void {
    const libraries = codes.map((code) => this.#compile(code))
    const before = policy === 'flush' ? new Map<string, Library>() : this.#libraries
    this.#change(add(before, libraries, policy === 'replace'))
  }

  run({ name, flags, callback }: LibraryFunction, call: ScriptCall): void {
    const { runtime, sandbox } = this.#state()
    const { caller, command, isReadOnlyCommand } = call
    this.#runner.execute(
      { name, kind: 'function', flags, caller, command, isReadOnlyCommand },
      runtime,
      () => sandbox.call(callback, [keysOf(call), argvOf(call)]),
    )
  }

  /** Makes a new set of libraries the current one, in memory and in the store. */
  #change(next: ReadonlyMap<string, Library>): void {
    const { changes } = this.#server.keyspace
    for (const name of this.#libraries.keys()) {
      if (!next.has(name)) changes.libraryChanged(name, undefined)
    }
    for (const [name, { code }] of next) {
      if (this.#libraries.get(name)?.code !== code) changes.libraryChanged(name, code)
    }
    this.#server.keyspace.dirty += 1
    this.#install(next)
  }

  #install(libraries: ReadonlyMap<string, Library>): void {
    const functions = new Map<string, LibraryFunction>()
    for (const library of libraries.values()) {
      for (const [name, fn] of library.functions) functions.set(name, fn)
    }
    this.#libraries = libraries
    this.#functions = functions
  }

  #compile(code: string): Library {
    const { name, body } = parseLibrary(code)
    const sandbox = this.#state()
    const functions = new Map<string, LibraryFunction>()
    try {
      const main = sandbox.runtime.compile(body, '@user_function').main(sandbox.globals)
      this.#runner.load(sandbox.runtime, () =>
        sandbox.load(
          () => sandbox.runtime.run(main, []),
          (registration) => {
            if (!isPlainName(registration.name)) return BAD_NAME
            // whatever their case, two names are one
            const id = registration.name.toLowerCase()
            if (functions.has(id)) return 'Function already exists in the library'
            functions.set(id, { ...registration, library: name })
            return undefined
          },
        ),
      )
    } catch (error) {
      throw loadingError(error)
    }
    if (functions.size === 0) throw new ReplyError('ERR No functions registered')
    return { name, code, functions }
  }

  #state(): LibrarySandbox {
    this.#sandbox ??= new LibrarySandbox(this.#runner.createRuntime(), this.#runner)
    return this.#sandbox
  }
}

/** The libraries with others added. Throws when a name is taken; nothing is changed then. */
function add(
  before: ReadonlyMap<string, Library>,
  added: readonly Library[],
  replaces: boolean,
): ReadonlyMap<string, Library> {
  const after = new Map(before)
  for (const library of added) {
    if (!replaces && after.has(library.name)) {
      throw new ReplyError(`ERR Library ${library.name} already exists`)
    }
    after.delete(library.name)
    for (const other of after.values()) {
      for (const [id, { name }] of library.functions) {
        if (other.functions.has(id)) throw new ReplyError(`ERR Function ${name} already exists`)
      }
    }
    after.set(library.name, library)
  }
  return after
}

function loadingError(error: unknown): unknown {
  if (error instanceof LuaSyntaxError) {
    return new ReplyError(`ERR Error compiling function: ${error.message}`)
  }
  const failure = error instanceof ScriptInterrupted ? error.where : error
  if (!(failure instanceof LuaScriptError)) return error
  return new ReplyError(`ERR Error registering functions: ${failure.message}`)
}
