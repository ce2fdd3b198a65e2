import type { Reply } from '../protocol/reply.ts'
import type { Command, CommandDefinition } from './command.ts'
import { type Argument, parseSyntax } from './syntax.ts'

/** A command's arguments, read anew each time: clients ask once, and nothing of it stays in memory. */
export const argumentsOf = ({ fullName, definition }: Command): Argument[] =>
  parseSyntax(fullName, definition.syntax ?? '', definition.keys?.length ?? 0)

/** A command of COMMAND DOCS, with its subcommands. */
export function writeDocs(reply: Reply, command: Command): void {
  const { definition, subcommands } = command
  const { module, complexity, deprecated, isInternal } = definition
  const found = argumentsOf(command)
  const history = historyOf(definition, found)
  const docFlags = [
    ...(deprecated === undefined ? [] : ['deprecated']),
    ...(isInternal === true ? ['syscmd'] : []),
  ]
  const fields = new Map<string, () => void>()
  const fact = (name: string, value: string | undefined): void => {
    if (value !== undefined) fields.set(name, () => reply.bulk(value))
  }
  fact('summary', definition.summary)
  fact('since', definition.since)
  fact('group', definition.group)
  fact('complexity', complexity)
  fact('module', module)
  if (docFlags.length > 0) fields.set('doc_flags', () => writeFlags(reply, docFlags))
  fact('deprecated_since', deprecated?.since)
  fact('replaced_by', deprecated?.replacedBy)
  if (history.length > 0) fields.set('history', () => writeHistory(reply, history))
  if (found.length > 0) fields.set('arguments', () => writeArguments(reply, found))
  if (subcommands !== undefined) {
    fields.set('subcommands', () => {
      reply.map(subcommands.size)
      for (const sub of subcommands.values()) writeDocs(reply, sub)
    })
  }
  reply.bulk(command.fullName)
  writeFields(reply, fields)
}

function writeFields(reply: Reply, fields: ReadonlyMap<string, () => void>): void {
  reply.map(fields.size)
  for (const [name, write] of fields) {
    reply.bulk(name)
    write()
  }
}

function writeFlags(reply: Reply, flags: readonly string[]): void {
  reply.set(flags.length)
  for (const flag of flags) reply.simple(flag)
}

function writeHistory(reply: Reply, history: readonly Change[]): void {
  reply.set(history.length)
  for (const change of history) {
    reply.array(change.length)
    for (const text of change) reply.bulk(text)
  }
}

function writeArguments(reply: Reply, found: readonly Argument[]): void {
  reply.array(found.length)
  for (const { name, type, keySpec, token, since, deprecatedSince, flags, ...rest } of found) {
    const fields = new Map<string, () => void>()
    const fact = (field: string, value: string | undefined): void => {
      if (value !== undefined) fields.set(field, () => reply.bulk(value))
    }
    fact('name', name)
    fact('type', type)
    if (rest.arguments === undefined) fact('display_text', name)
    if (keySpec !== undefined) fields.set('key_spec_index', () => reply.integer(keySpec))
    fact('token', token)
    fact('since', since)
    fact('deprecated_since', deprecatedSince)
    if (flags.length > 0) fields.set('flags', () => writeFlags(reply, flags))
    const parts = rest.arguments
    if (parts !== undefined) fields.set('arguments', () => writeArguments(reply, parts))
    writeFields(reply, fields)
  }
}

type Change = readonly [version: string, change: string]

/** What has changed since a command came: the arguments that are newer, and what its row says. */
function historyOf({ history = [] }: CommandDefinition, found: readonly Argument[]): Change[] {
  const added = new Map<string, string[]>()
  const collect = (list: readonly Argument[]): void => {
    for (const argument of list) {
      if (argument.since !== undefined) {
        const names = added.get(argument.since) ?? []
        added.set(argument.since, [...names, ...namesOf(argument)])
      }
      collect(argument.arguments ?? [])
    }
  }
  collect(found)
  const changes = [...added].map(
    ([version, names]): Change => [
      version,
      `Takes ${names.map((name) => `\`${name}\``).join(', ')}.`,
    ],
  )
  return [...changes, ...history].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
}

/** The words by which people know an argument. */
function namesOf({ token, name, type, arguments: parts = [] }: Argument): string[] {
  if (token !== undefined) return [token]
  return type === 'oneof' ? parts.flatMap(namesOf) : [name]
}
