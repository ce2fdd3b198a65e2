import { describe, expect, test } from 'vitest'
import { bothServers } from './support/both-servers.ts'
import { RawClient } from './support/raw-client.ts'
import { type ReplyTree, replyTree } from './support/reply-tree.ts'

type Docs = ReadonlyMap<string, ReplyTree>

/** Arguments that 7.0 does not have, or does not tell. */
const NEWER_ARGUMENTS: ReadonlyMap<string, string> = new Map([
  ['zrank', 'WITHSCORE since 7.2'],
  ['zrevrank', 'WITHSCORE since 7.2'],
  ['client|kill', 'MAXAGE since 7.4'],
  ['command|getkeys', '7.0 says that it takes nothing'],
  ['command|getkeysandflags', '7.0 says that it takes nothing'],
])

/** Other facts that are as in 7.4. */
const NEWER_FACTS: ReadonlyMap<string, string> = new Map([
  ['client|pause since', '2.9.50 was the version in development of 3.0.0'],
])

/** Commands that 7.0 does not have. */
const NEWER_COMMANDS = [
  ...['hexpire', 'hpexpire', 'hexpireat', 'hpexpireat', 'httl', 'hpttl', 'hexpiretime'],
  ...['hpexpiretime', 'hpersist', 'waitaof', 'client|setinfo', 'client|no-touch'],
]

/** All commands and subcommands by name. */
function flat(docs: Docs, into = new Map<string, Docs>()): Map<string, Docs> {
  for (const [name, fields] of docs as ReadonlyMap<string, Docs>) {
    into.set(name, fields)
    const subcommands = fields.get('subcommands') as Docs | undefined
    if (subcommands !== undefined) flat(subcommands, into)
  }
  return into
}

async function docsOf(port: number): Promise<Map<string, Docs>> {
  const client = await RawClient.connect(port)
  await client.call('HELLO', '3')
  const docs = replyTree(await client.call('COMMAND', 'DOCS')) as Docs
  client.close()
  return flat(docs)
}

/** What 7.2 adds to each argument that is no group: its name once more, for people. */
function withoutDisplayText(found: ReplyTree | undefined): ReplyTree | undefined {
  return (found as readonly Docs[] | undefined)?.map((argument) => {
    const { name, display_text, arguments: parts, ...rest } = Object.fromEntries(argument)
    expect(display_text).toBe(parts === undefined ? name : undefined)
    const groups = parts === undefined ? {} : { arguments: withoutDisplayText(parts) }
    return new Map(Object.entries({ name, ...rest, ...groups })) as Docs
  })
}

describe('COMMAND DOCS', () => {
  const servers = bothServers()

  test('describes arguments as redis-server does, field by field', async () => {
    const [theirs, ours] = [await docsOf(servers.theirPort), await docsOf(servers.ourPort)]
    const compared: string[] = []
    for (const [name, mine] of ours) {
      const other = theirs.get(name)
      const found = withoutDisplayText(mine.get('arguments'))
      if (other === undefined) continue
      const isSame = NEWER_ARGUMENTS.has(name)
        ? expect.soft(found, name).not
        : expect.soft(found, name)
      isSame.toEqual(other.get('arguments'))
      compared.push(name)
    }
    expect(compared.length).toBeGreaterThan(300)
    expect([...ours.keys()].filter((name) => !theirs.has(name)).sort()).toEqual(
      [...NEWER_COMMANDS].sort(),
    )
  })

  test('tells the same facts', async () => {
    const [theirs, ours] = [await docsOf(servers.theirPort), await docsOf(servers.ourPort)]
    for (const [name, mine] of ours) {
      const other = theirs.get(name)
      if (other === undefined) continue
      for (const fact of ['since', 'group', 'doc_flags', 'deprecated_since', 'replaced_by']) {
        if (NEWER_FACTS.has(`${name} ${fact}`)) continue
        expect.soft(mine.get(fact), `${name} ${fact}`).toEqual(other.get(fact))
      }
      // the words are ours
      expect.soft(mine.has('complexity'), `${name} complexity`).toBe(other.has('complexity'))
      expect.soft(mine.get('summary'), name).toMatch(/^[A-Z].*\.$/)
      if (!NEWER_ARGUMENTS.has(name)) {
        expect.soft(versionsOf(mine), `${name} history`).toEqual(versionsOf(other))
      }
    }
  })

  test('answers for the commands that are asked for, whatever their case', async () => {
    for (const port of [servers.theirPort, servers.ourPort]) {
      const client = await RawClient.connect(port)
      await client.call('HELLO', '3')
      const docs = replyTree(
        await client.call('COMMAND', 'DOCS', 'GET', 'none', 'client|ID'),
      ) as Docs
      expect([...docs.keys()]).toEqual(['get', 'client|id'])
      client.close()
    }
  })
})

/** The versions that changed a command, each once; and its history is what 7.0 calls a set. */
function versionsOf(docs: Docs): readonly ReplyTree[] {
  const history = docs.get('history') as { readonly set: readonly string[][] } | undefined
  return [...new Set(history?.set.map(([version]) => version as string))].sort()
}
