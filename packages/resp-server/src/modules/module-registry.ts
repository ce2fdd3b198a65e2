import type { Client } from '../clients/client.ts'
import type { Command, CommandCategory, CommandDefinition } from '../commands/command.ts'
import { parseSyntax } from '../commands/syntax.ts'
import type { Directive } from '../config/directive.ts'
import type { Settings } from '../config/settings.ts'
import { RespServerError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { READONLY } from '../replication/gate.ts'
import type { ServerContext } from '../server/context.ts'
import type { InfoSection } from '../server/info-sections.ts'
import { ChangeFeed } from './change-feed.ts'
import { HostCore } from './host-core.ts'
import type { Module, ModuleCommand, ModuleParameter } from './module.ts'
import { ClientCall, CommandRunner } from './module-call.ts'
import { ModuleTypes } from './module-types.ts'
import { type ModuleVersions, versionsOf } from './module-versions.ts'

const NAME = /^[A-Za-z][\w-]{0,63}$/

interface Loaded {
  readonly module: Module
  readonly parameters: ReadonlyMap<string, ModuleParameter>
  host: HostCore | undefined
}

/** The modules of a server, and what they add to it. */
export class ModuleRegistry {
  readonly types: ModuleTypes = new ModuleTypes()
  readonly changes: ChangeFeed
  readonly directives: readonly Directive[]
  readonly #server: ServerContext
  readonly #loaded: readonly Loaded[]
  readonly #runner = new CommandRunner()
  /** A module works within a command or other work that is ended by somebody else. */
  isInside = false
  readonly flushListeners: ((databases: readonly number[]) => void)[] = []
  readonly swapListeners: ((first: number, second: number) => void)[] = []
  #known: Readonly<Record<string, string>> = {}
  /** What the modules were told last; undefined before they have started and once they end. */
  #isPrimary: boolean | undefined

  /** Throws RangeError or TypeError for modules that cannot work, CONFIG_INVALID for settings. */
  constructor(server: ServerContext, modules: readonly Module[]) {
    this.#server = server
    this.changes = new ChangeFeed(server.logger, () => this.refusal)
    for (const { name, version, types } of modules) {
      if (!NAME.test(name)) throw new RangeError(`'${name}' cannot be the name of a module`)
      if (modules.filter((one) => one.name === name).length > 1) {
        throw new TypeError(`module '${name}' is given twice`)
      }
      if (!Number.isInteger(version) || version < 0) {
        throw new RangeError(`module ${name}: version must be a whole number, got ${version}`)
      }
      for (const type of types ?? []) this.types.add(type)
    }
    this.#loaded = modules.map((module) => ({
      module,
      parameters: new Map(module.parameters?.map((one) => [`${module.name}.${one.name}`, one])),
      host: undefined,
    }))
    this.directives = this.#loaded.flatMap(({ parameters }) =>
      [...parameters].map(([name, parameter]) => directiveOf(name, parameter)),
    )
    this.#checkSettings(server.settings)
  }

  get all(): readonly Module[] {
    return this.#loaded.map(({ module }) => module)
  }

  get versions(): ModuleVersions {
    return versionsOf(this.all)
  }

  /** Why modules must not change keys: this server holds what another decides. */
  get refusal(): string | undefined {
    const { replication, upstream, settings } = this.#server
    if (replication !== undefined) return replication.isPrimary ? undefined : READONLY
    return upstream.isFollowing && settings.replicaReadOnly ? READONLY : undefined
  }

  /** As {@link refusal}, for a command: one that REPLICAOF brings may change everything. */
  get refusalInCommand(): string | undefined {
    const { keyspace, replication } = this.#server
    return replication === undefined && keyspace.obeys ? undefined : this.refusal
  }

  /** The error to answer when a module calls a command that must not run here. */
  refuseInCommand(command: Command, args: readonly string[]): string | undefined {
    const foreign = this.#server.replication?.cluster?.refuseInScript(command, args)
    return foreign ?? (command.isWrite ? this.refusalInCommand : undefined)
  }

  /** ACL categories that Redis does not have. */
  get categories(): readonly string[] {
    return this.#loaded.flatMap(({ module }) => module.categories ?? [])
  }

  get commands(): CommandDefinition[] {
    return this.#loaded.flatMap((loaded) =>
      (loaded.module.commands ?? []).map((command) => this.#rowOf(loaded, command)),
    )
  }

  get infoSections(): InfoSection[] {
    return this.#loaded.flatMap(({ module }) =>
      Object.entries(module.info ?? {}).map(([name, facts]) => ({
        name: `${module.name}_${name}`,
        isModule: true,
        lines: () =>
          Object.entries(facts()).map(([fact, value]) => `${module.name}_${fact}:${value}`),
      })),
    )
  }

  findDirective(name: string): Directive | undefined {
    const lower = name.toLowerCase()
    return this.directives.find((directive) => directive.name.toLowerCase() === lower)
  }

  flushed(databases: readonly Database[]): void {
    this.changes.flushed(databases)
    const indexes = databases.map(({ index }) => index)
    for (const listener of this.flushListeners) this.#guard(() => listener(indexes))
  }

  swapped(first: number, second: number): void {
    for (const listener of this.swapListeners) this.#guard(() => listener(first, second))
  }

  /** The server may be the primary now, or no longer be it: tells the modules when it is so. */
  roleChanged(): void {
    const isPrimary = !this.#server.isReplica
    if (this.#isPrimary === undefined || this.#isPrimary === isPrimary) return
    this.#isPrimary = isPrimary
    for (const { host } of this.#loaded) host?.tellRole(isPrimary)
  }

  /** The primary changed a record of a module, which is in the store here. */
  recordFollowed(module: string, name: string, value: string | undefined): void {
    if (this.#isPrimary === undefined) return
    const loaded = this.#loaded.find((one) => one.module.name === module)
    loaded?.host?.followRecord(name, value)
  }

  /** Tells of keys that the primary has changed, as they are there. */
  followed(): void {
    const { keyspace } = this.#server
    if (!this.changes.isPending || this.#isPrimary === undefined) return
    const { obeys } = keyspace
    // only the primary tells what has expired
    keyspace.obeys = true
    try {
      this.changes.deliver()
    } finally {
      keyspace.obeys = obeys
    }
  }

  /** Everything that the server holds was replaced. */
  replaced(): void {
    this.changes.flushed(this.#server.keyspace.databases)
    if (this.#isPrimary === undefined) return
    for (const { module, host } of this.#loaded) {
      host?.replaced(this.#server.durability.moduleRecords(module.name))
    }
  }

  /** CONFIG SET changed parameters: tells the modules whose they are. */
  parametersChanged(): void {
    const before = this.#known
    this.#known = this.#server.settings.moduleParameters
    for (const { parameters } of this.#loaded) {
      for (const [name, parameter] of parameters) {
        const value = this.#known[name]
        if (value !== undefined && value !== before[name]) parameter.changed?.(value)
      }
    }
  }

  async start(): Promise<void> {
    this.#isPrimary = !this.#server.isReplica
    for (const loaded of this.#loaded) {
      const { module, parameters } = loaded
      const records = this.#server.durability.moduleRecords(module.name)
      const host = new HostCore(this.#server, module.name, parameters, records)
      loaded.host = host
      await module.start?.(host)
    }
  }

  /** Ends timers and workers, then lets the modules end, whatever one of them throws. */
  async stop(): Promise<void> {
    this.#isPrimary = undefined
    for (const { module, host } of this.#loaded) {
      if (host === undefined) continue
      try {
        await host.close()
        await module.stop?.()
      } catch (error) {
        this.#server.logger.error('a module failed to stop', {
          module: module.name,
          error: String(error),
        })
      }
    }
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#server.logger.error('a module failed on emptied databases', { error: String(error) })
    }
  }

  #rowOf(loaded: Loaded, command: ModuleCommand): CommandDefinition {
    const { name, arity, syntax, flags, keys, summary, complexity, tips, categories } = command
    // a mistake in it is told now, not to the first client that asks
    parseSyntax(name, syntax ?? '', keys?.length ?? 0)
    return {
      name,
      arity,
      ...(syntax !== undefined && { syntax }),
      flags,
      summary,
      group: 'module',
      since: command.since ?? '1.0.0',
      module: loaded.module.name,
      // names of the module's own stand beside Redis'
      categories: (categories ?? []) as readonly CommandCategory[],
      ...(keys && { keys }),
      ...(complexity !== undefined && { complexity }),
      ...(tips && { tips }),
      handler: (client: Client, args: readonly string[]) => {
        const { host } = loaded
        if (host === undefined) throw new Error(`module ${loaded.module.name} has not started`)
        host.inside(() => command.handler(new ClientCall(client, host, this.#runner), args))
      },
    }
  }

  #checkSettings(settings: Settings): void {
    for (const [name, value] of Object.entries(settings.moduleParameters)) {
      const directive = this.findDirective(name)
      const problem =
        directive === undefined
          ? 'no module has this setting'
          : directive.apply({ ...settings }, [value])
      if (problem !== undefined) throw new RespServerError('CONFIG_INVALID', `${name}: ${problem}`)
    }
    this.#known = settings.moduleParameters
  }
}

function directiveOf(name: string, parameter: ModuleParameter): Directive {
  return {
    name,
    setting: 'moduleParameters',
    isMutable: parameter.isMutable ?? true,
    show: ({ moduleParameters }) => moduleParameters[name] ?? parameter.default,
    apply(settings, words) {
      const value = words.join(' ')
      const problem = parameter.check?.(value)
      if (problem !== undefined) return problem
      settings.moduleParameters = { ...settings.moduleParameters, [name]: value }
      return undefined
    },
  }
}
