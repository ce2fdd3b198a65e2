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
}
