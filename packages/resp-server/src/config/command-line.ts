import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { RespServerError } from '../errors.ts'
import { splitInline } from '../protocol/inline.ts'
import { WRONG_COUNT } from './directive.ts'
import { findDirective } from './directives.ts'
import type { Settings } from './settings.ts'

/** Applies the lines of a redis.conf. Throws CONFIG_INVALID with the line that is wrong. */
export function applyConfigText(settings: Settings, content: string, source: string): void {
  content.split('\n').forEach((raw, index) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return
    const words = splitInline(line)
    const where = `${source}:${index + 1}`
    if (words === undefined) throw invalid(`unbalanced quotes in '${line}'`, where)
    applyDirective(settings, words[0] as string, words.slice(1), where)
  })
}

/** Applies `[file] --name value ...` as redis-server reads it. */
export function applyArguments(settings: Settings, args: readonly string[]): void {
  let rest = args
  const [first] = args
  if (first !== undefined && first !== '-' && !first.startsWith('--')) {
    applyConfigText(settings, readConfig(first), first)
    settings.configFile = resolve(first)
    rest = args.slice(1)
  } else if (first === '-') {
    applyConfigText(settings, readFileSync(0, 'utf8'), 'standard input')
    rest = args.slice(1)
  }
  for (let at = 0; at < rest.length; ) {
    const option = rest[at] as string
    if (!option.startsWith('--')) throw invalid(`expected an option, got '${option}'`, option)
    // as in Redis, a value may stand in the same argument: '--maxmemory 700mb'
    const [name = '', ...words] = splitInline(option.slice(2)) ?? [option.slice(2)]
    at += 1
    while (at < rest.length && !(rest[at] as string).startsWith('--')) {
      words.push(rest[at] as string)
      at += 1
    }
    applyDirective(settings, name, words, `--${name}`)
  }
}

function applyDirective(
  settings: Settings,
  name: string,
  words: readonly string[],
  where: string,
): void {
  const directive = findDirective(name)
  if (directive === undefined) {
    throw invalid(`unknown directive '${name}': this server has no such setting`, where)
  }
  if (words.length === 0) throw invalid(`'${name}': ${WRONG_COUNT}, it needs a value`, where)
  const problem = directive.apply(settings, words)
  if (problem === undefined) return
  const given = words.map((word) => ` "${word}"`).join('')
  throw invalid(`'${name}${given}': ${problem}`, where)
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new RespServerError('CONFIG_INVALID', `cannot read configuration file '${path}'`, {
      cause,
    })
  }
}

const invalid = (message: string, where: string): RespServerError =>
  new RespServerError('CONFIG_INVALID', `${where}: ${message}`)
