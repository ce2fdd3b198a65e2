import { createHash } from 'node:crypto'
import {
  type CommandError,
  createLuaRuntime,
  createRedisTable,
  type LuaRuntimeOptions,
  LuaSandbox,
  LuaScriptError,
  LuaSyntaxError,
  LuaTable,
  type LuaValue,
  type RedisHost,
  writeLuaReply,
} from '../../../src/lua/index.ts'
import { Resp2Sink } from './canonical-reply.ts'

/** Strings and counters in memory: what pure scripts need of a server. */
class StubHost implements RedisHost {
  readonly version = '7.0.15'
  readonly data = new Map<string, string>()
  readonly logged: string[] = []
  resp: 2 | 3 = 2

  call(args: readonly string[]): LuaValue | CommandError {
    const [name = '', key = '', value = ''] = args
    switch (name.toLowerCase()) {
      case 'ping':
        if (args.length > 2) return { error: "ERR wrong number of arguments for 'ping' command" }
        return args.length === 2
          ? key
          : LuaTable.of([undefined], [undefined, 'ok'], [undefined, 'PONG'])
      case 'echo':
        return key
      case 'set':
        if (args.length < 3) return wrongArguments()
        this.data.set(key, value)
        return LuaTable.of([undefined], [undefined, 'ok'], [undefined, 'OK'])
      case 'get':
        if (args.length !== 2) return wrongArguments()
        return this.data.get(key) ?? (this.resp === 2 ? false : undefined)
      case 'mget':
        return LuaTable.fromList(args.slice(1).map((each) => this.data.get(each) ?? false))
      case 'del':
        return this.data.delete(key) ? 1 : 0
      case 'incr':
        return this.increment(key)
      default:
        return { error: 'ERR Unknown Redis command called from script' }
    }
  }

  private increment(key: string): LuaValue | CommandError {
    const next = Number(this.data.get(key) ?? 0) + 1
    if (Number.isNaN(next)) return { error: 'ERR value is not an integer or out of range' }
    this.data.set(key, String(next))
    return next
  }

  log(level: number, message: string): void {
    this.logged.push(`${level} ${message}`)
  }

  setResp(version: 2 | 3): void {
    this.resp = version
  }

  setRepl(): void {}

  aclCheckCommand(args: readonly string[]): boolean | undefined {
    return args[0] === 'nosuch' ? undefined : true
  }
}

function wrongArguments(): CommandError {
  return { error: 'ERR Wrong number of args calling Redis command from script' }
}

/** Answers EVAL as the server does, on a stub of the commands. */
export class ScriptHost {
  readonly host = new StubHost()
  readonly runtime
  readonly sandbox: LuaSandbox

  constructor(options: LuaRuntimeOptions = {}, deprecatedApi = false) {
    this.runtime = createLuaRuntime(options)
    const redis = createRedisTable(this.runtime.context, this.host)
    this.sandbox = new LuaSandbox(this.runtime, { redis, deprecatedApi })
  }

  /** The first result of a script; throws as the sandbox does. */
  run(source: string, keys: readonly string[] = [], argv: readonly string[] = []): LuaValue {
    return this.sandbox.run(this.runtime.compile(source, '@user_script'), { keys, argv })
  }

  /** The reply to EVAL as RESP2 bytes. */
  eval(source: string, keys: readonly string[] = [], argv: readonly string[] = []): string {
    this.host.data.clear()
    this.host.resp = 2
    const sink = new Resp2Sink()
    const sha = createHash('sha1').update(source, 'latin1').digest('hex')
    try {
      writeLuaReply(this.run(source, keys, argv), sink, this.host.resp)
    } catch (error) {
      if (error instanceof LuaScriptError) sink.error(error.reply(sha))
      else if (error instanceof LuaSyntaxError) {
        sink.error(`ERR Error compiling script (new function): ${error.message}`)
      } else throw error
    }
    return sink.text
  }
}
