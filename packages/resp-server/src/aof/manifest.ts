import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RespServerError } from '../errors.ts'
import { splitInline } from '../protocol/inline.ts'

/** Where redis-server keeps its append-only log, as its configuration names it. */
export interface AofNames {
  readonly dir: string
  readonly appenddirname: string
  readonly appendfilename: string
}

/** The files of a log in the order in which they are read: a base, if there is one, and what came after it. */
export type AofFiles = readonly string[]

const SUFFIX = '.manifest'

/**
 * The files of the log below `dir`: those that the manifest of Redis 7 names, or the one file of Redis
 * before it. Undefined where there is no log. Throws AOF_INVALID for a manifest that makes no sense.
 */
export function findAof(names: AofNames): AofFiles | undefined {
  const folder = join(names.dir, names.appenddirname)
  const manifest = join(folder, names.appendfilename + SUFFIX)
  if (existsSync(manifest)) {
    const files = parseManifest(readFileSync(manifest, 'utf8'), manifest)
    return files.map((name) => join(folder, name))
  }
  // what 7.0 makes a base of when it starts
  const single = join(names.dir, names.appendfilename)
  return existsSync(single) ? [single] : undefined
}

/** `file <name> seq <n> type b|i|h`: base, increment, history (which is to be deleted). */
function parseManifest(content: string, path: string): string[] {
  let base: string | undefined
  const increments: { readonly name: string; readonly sequence: number }[] = []
  for (const [at, raw] of content.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const fields = pairs(splitInline(line) ?? [])
    const name = fields.get('file') ?? ''
    const sequence = Number(fields.get('seq'))
    const type = fields.get('type')
    const isSound = name !== '' && !/[/\\]/.test(name) && sequence > 0 && /^[bih]$/.test(type ?? '')
    const isSecondBase = type === 'b' && base !== undefined
    const isOutOfOrder = type === 'i' && sequence <= (increments.at(-1)?.sequence ?? 0)
    if (!isSound || isSecondBase || isOutOfOrder) {
      throw new RespServerError(
        'AOF_INVALID',
        `${path}:${at + 1}: '${line}' is no line of a manifest`,
      )
    }
    if (type === 'b') base = name
    else if (type === 'i') increments.push({ name, sequence })
  }
  const names = increments.map(({ name }) => name)
  return base === undefined ? names : [base, ...names]
}

function pairs(words: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at + 1 < words.length; at += 2) {
    found.set(words[at] as string, words[at + 1] as string)
  }
  return found
}
