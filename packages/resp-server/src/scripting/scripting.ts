import type { ServerContext } from '../server/context.ts'
import { FunctionLibraries } from './function-libraries.ts'
import { ScriptCache } from './script-cache.ts'
import { ScriptRunner } from './script-runner.ts'

/** Everything Lua of a server. */
export class Scripting {
  readonly runner: ScriptRunner
  readonly scripts: ScriptCache
  readonly libraries: FunctionLibraries

  constructor(server: ServerContext) {
    this.runner = new ScriptRunner(server)
    this.scripts = new ScriptCache(this.runner)
    this.libraries = new FunctionLibraries(server, this.runner)
  }

  /** Does it declare that it writes, and not that it may without memory to spare? */
  needsMemory(command: string, name: string): boolean {
    const flags =
      command === 'fcall'
        ? this.libraries.find(name)?.flags
        : command === 'evalsha'
          ? this.scripts.find(name)?.flags
          : command === 'eval'
            ? this.scripts.flagsOf(name)
            : undefined
    return flags !== undefined && !flags.has('no-writes') && !flags.has('allow-oom')
  }

  /** Does the script or function that the command names declare that it only reads? */
  isReadOnly(command: string, name: string): boolean {
    if (command === 'fcall') return this.libraries.find(name)?.flags.has('no-writes') === true
    if (command === 'evalsha') return this.scripts.find(name)?.flags?.has('no-writes') === true
    return command === 'eval' && this.scripts.declaresNoWrites(name)
  }
}
