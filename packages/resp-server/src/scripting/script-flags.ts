import { ReplyError } from '../errors.ts'
import { splitInline } from '../protocol/inline.ts'

/** What a script says about itself in its first line, or a function when it is registered. */
export const SCRIPT_FLAGS = [
  'no-writes',
  'allow-oom',
  'allow-stale',
  'no-cluster',
  'allow-cross-slot-keys',
] as const
export type ScriptFlag = (typeof SCRIPT_FLAGS)[number]

export const isScriptFlag = (text: string): text is ScriptFlag =>
  SCRIPT_FLAGS.some((flag) => flag === text)

/** A script with its first line understood. */
export interface ParsedScript {
  /** undefined without a first line that declares any: then the script may do everything. */
  readonly flags: ReadonlySet<ScriptFlag> | undefined
  /** Starts with the line break, so that line numbers stay as the user counts them. */
  readonly body: string
}

/** Reads `#!lua flags=no-writes,allow-oom`. Throws what Redis answers when it is none. */
export function parseScript(source: string): ParsedScript {
  if (!source.startsWith('#!')) return { flags: undefined, body: source }
  const end = source.indexOf('\n')
  if (end === -1) throw new ReplyError('ERR Invalid script shebang')
  const words = splitInline(source.slice(0, end))
  if (words === undefined || words.length === 0) {
    throw new ReplyError('ERR Invalid engine in script shebang')
  }
  const [engine, ...options] = words as [string, ...string[]]
  if (engine !== '#!lua') {
    throw new ReplyError(`ERR Unexpected engine in script shebang: ${engine}`)
  }
  const flags = new Set<ScriptFlag>()
  for (const option of options) {
    if (!option.startsWith('flags=')) {
      throw new ReplyError(`ERR Unknown lua shebang option: ${option}`)
    }
    const list = option.slice('flags='.length)
    for (const flag of list === '' ? [] : list.split(',')) {
      if (!isScriptFlag(flag)) {
        throw new ReplyError(`ERR Unexpected flag in script shebang: ${flag}`)
      }
      flags.add(flag)
    }
  }
  return { flags, body: source.slice(end) }
}
