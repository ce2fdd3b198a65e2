import type { CommandDefinition, CommandGroup } from '../src/commands/command.ts'
import { argumentsOf } from '../src/commands/command-docs.ts'
import { CommandTable } from '../src/commands/command-table.ts'
import { printSyntax } from './print-syntax.ts'

/** Groups in the order of the page, with their headings. */
const HEADINGS: Readonly<Record<Exclude<CommandGroup, 'module'>, string>> = {
  generic: 'Keys',
  string: 'Strings',
  bitmap: 'Bitmaps',
  hash: 'Hashes',
  list: 'Lists',
  set: 'Sets',
  'sorted-set': 'Sorted sets',
  stream: 'Streams',
  hyperloglog: 'HyperLogLog',
  geo: 'Geo',
  pubsub: 'Pub/sub',
  transactions: 'Transactions',
  scripting: 'Scripts and functions',
  connection: 'Connection',
  cluster: 'Cluster',
  server: 'Server',
}

const INTRODUCTION = `# Commands

Made from the command table by \`pnpm --filter @ashlar/resp-server reference\`; do not edit. What a command does in detail is
in Redis' own documentation; this page says which there are, what they take (as COMMAND DOCS tells programs), since which
version of Redis, and the categories of the ACL, but for \`@read\`, \`@write\`, \`@fast\` and \`@slow\`: \`r\` and \`w\` tell the
first two, and \`fast\` those that are. \`[...]\` may be left out, \`a | b\` is one of them, \`x [x ...]\` one or more.
`

const IMPLIED: ReadonlySet<string> = new Set(['read', 'write', 'fast', 'slow'])

/** The page of all commands. */
export function renderReference(definitions: readonly CommandDefinition[]): string {
  const table = new CommandTable(definitions)
  const parts = [INTRODUCTION]
  const byName = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [group, heading] of Object.entries(HEADINGS)) {
    const rows = byName
      .filter((definition) => definition.group === group)
      .flatMap((definition) => rowsOf(definition, table))
    parts.push(
      [
        `## ${heading}\n`,
        '| command | what it does | since | | categories |',
        '| --- | --- | --- | --- | --- |',
        ...rows,
        '',
      ].join('\n'),
    )
  }
  return parts.join('\n')
}

function rowsOf(definition: CommandDefinition, table: CommandTable): string[] {
  const own = definition.handler === undefined ? [] : [definition.name]
  const subcommands = (definition.subcommands ?? []).map(({ name }) => `${definition.name}|${name}`)
  return [...own, ...subcommands.sort()].map((name) => {
    const command = table.findFull(name)
    if (command === undefined) throw new Error(`${name} is not in the table`)
    const { categories, flags, fullName } = command
    const syntax = printSyntax(argumentsOf(command)).replaceAll('|', '\\|')
    const marks = [
      flags.has('write') ? 'w' : flags.has('readonly') ? 'r' : '',
      flags.has('fast') ? 'fast' : '',
    ]
    const cells = [
      `\`${`${fullName.toUpperCase().replace('|', ' ')} ${syntax}`.trimEnd()}\``,
      command.definition.summary.replaceAll('|', '\\|'),
      command.definition.since,
      marks.filter((mark) => mark !== '').join(' '),
      categories
        .filter((category) => !IMPLIED.has(category))
        .map((category) => `@${category}`)
        .join(' '),
    ]
    return `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')
  })
}
