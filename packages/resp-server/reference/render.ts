import type { CommandDefinition, CommandGroup } from '../src/commands/command.ts'
import { CommandTable } from '../src/commands/command-table.ts'

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
  server: 'Server',
}

const INTRODUCTION = `# Commands

Made from the command table by \`pnpm --filter @ashlar/resp-server reference\`; do not edit. What a command takes and answers is
in Redis' own documentation; this page says which there are, since which version of Redis, how many arguments they
take (\`2+\`: two or more, the name not counted), and the categories of the ACL, but for \`@read\`, \`@write\`, \`@fast\` and \`@slow\`:
\`r\` and \`w\` tell the first two, and \`fast\` those that are.
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
        '| command | what it does | arguments | since | | categories |',
        '| --- | --- | --- | --- | --- | --- |',
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
    const { arity, categories, flags, fullName } = command
    const least = Math.abs(arity) - fullName.split('|').length
    const marks = [
      flags.has('write') ? 'w' : flags.has('readonly') ? 'r' : '',
      flags.has('fast') ? 'fast' : '',
    ]
    const cells = [
      `\`${fullName.toUpperCase().replace('|', ' ')}\``,
      command.definition.summary.replaceAll('|', '\\|'),
      arity < 0 ? `${least}+` : `${least}`,
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
