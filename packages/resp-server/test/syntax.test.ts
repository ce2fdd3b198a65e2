import { createServer } from '@ashlar/resp-server'
import { describe, expect, test } from 'vitest'
import { printSyntax } from '../reference/print-syntax.ts'
import { ALL_COMMANDS } from '../src/commands/all.ts'
import { argumentsOf } from '../src/commands/command-docs.ts'
import { CommandTable } from '../src/commands/command-table.ts'
import { type Argument, parseSyntax } from '../src/commands/syntax.ts'

const parse = (syntax: string, keySpecs = 1): Argument[] => parseSyntax('one', syntax, keySpecs)
const token = (name: string): Argument => ({
  name: name.toLowerCase(),
  type: 'pure-token',
  token: name,
  flags: [],
})

describe('the line that says what a command takes', () => {
  test('types arguments by their names, or as it says', () => {
    expect(parse('key value count min min:string ip:port')).toEqual([
      { name: 'key', type: 'key', keySpec: 0, flags: [] },
      { name: 'value', type: 'string', flags: [] },
      { name: 'count', type: 'integer', flags: [] },
      { name: 'min', type: 'double', flags: [] },
      { name: 'min', type: 'string', flags: [] },
      { name: 'ip:port', type: 'string', flags: [] },
    ])
  })

  test('makes alternatives of what stands between bars', () => {
    expect(parse('how=[NX | XX]@2.0.0 <EX seconds>')).toEqual([
      {
        name: 'how',
        type: 'oneof',
        since: '2.0.0',
        flags: ['optional'],
        arguments: [token('NX'), token('XX')],
      },
      { name: 'seconds', type: 'integer', token: 'EX', flags: [] },
    ])
  })

  test('repeats an argument, several as one, and a token with what follows it', () => {
    expect(parse('id [id ...] field value [field value ...] [GET text [GET text ...]]')).toEqual([
      { name: 'id', type: 'string', flags: ['multiple'] },
      {
        name: 'field_value',
        type: 'block',
        flags: ['multiple'],
        arguments: [
          { name: 'field', type: 'string', flags: [] },
          { name: 'value', type: 'string', flags: [] },
        ],
      },
      {
        name: 'text',
        type: 'string',
        token: 'GET',
        flags: ['optional', 'multiple', 'multiple_token'],
      },
    ])
    expect(parse('[TOO text [text ...]] all=<a | b> [...]')).toMatchObject([
      { token: 'TOO', flags: ['optional', 'multiple'] },
      { name: 'all', type: 'oneof', flags: ['multiple'] },
    ])
  })

  test('gives a token to all that follows it in brackets, and elsewhere to the next alone', () => {
    expect(parse('[LIMIT offset count] STREAMS id id2')).toMatchObject([
      { name: 'offset_count', type: 'block', token: 'LIMIT', flags: ['optional'] },
      { name: 'id', token: 'STREAMS' },
      { name: 'id2' },
    ])
    expect(parse('none=<NO ONE>')).toMatchObject([
      { name: 'none', type: 'block', arguments: [token('NO'), token('ONE')] },
    ])
  })

  test('numbers keys by the specs that find them', () => {
    const specs = parse('destination key [key ...] [BY pattern#0] [STORE newkey]', 2)
    expect(specs.map(({ keySpec }) => keySpec)).toEqual([0, 1, 0, 1])
  })

  test.each([
    ['[NX', "'[' is not closed"],
    ['<NX]', "'<' is not closed"],
    ['NX]', "']' opens nothing"],
    ['a | b', "'|' opens nothing"],
    ['[NX | XX]', 'alternatives without a name'],
    ['how=[NX | ]', "'how=[' is empty"],
    ['[id ...]', 'nothing is there to repeat'],
    ['text [id ...]', "'id ...' repeats what does not stand before it"],
  ])('%s is an error that names the command', (syntax, problem) => {
    expect(() => parse(syntax)).toThrow(`syntax of command 'one': ${problem}`)
  })

  test('a key that no spec finds is an error', () => {
    expect(() => parse('key', 0)).toThrow("syntax of command 'one': no key spec finds its keys")
  })
})

test('is printed as the manual writes it', () => {
  const lines = [
    'key value [NX | XX] [GET] [EX seconds | KEEPTTL]',
    '<LEFT | RIGHT> [COUNT count [ANY]] field value [field value ...]',
    'GROUP group consumer [[IDLE ms] start end] STREAMS key [key ...] id [id ...]',
    '[GET pattern [GET pattern ...]] [AGGREGATE <SUM | MIN>]',
    '<ip:port | <[ID id] [USER name]> [...]>',
  ]
  const written = [
    'key value how=[NX | XX] [GET] when=[EX seconds | KEEPTTL]',
    'where=<LEFT | RIGHT> [<COUNT count> [ANY]] field value [field value ...]',
    'GROUP <group consumer> [[IDLE ms] start end] STREAMS <key [key ...] id [id ...]>',
    '[GET pattern [GET pattern ...]] [AGGREGATE how=<SUM | MIN>]',
    'filter=<ip:port | new=<[ID id] [USER name]> [...]>',
  ]
  expect(written.map((line) => printSyntax(parse(line)))).toEqual(lines)
})

/** How many words an argument is at least and at most. */
function wordsOf({ type, token, flags, arguments: parts = [] }: Argument): [number, number] {
  const sizes = parts.map(wordsOf)
  const least = sizes.map(([size]) => size)
  const most = sizes.map(([, size]) => size)
  const sum = (all: readonly number[]): number => all.reduce((total, size) => total + size, 0)
  const [low, high] =
    type === 'oneof'
      ? [Math.min(...least), Math.max(...most)]
      : type === 'block'
        ? [sum(least), sum(most)]
        : type === 'pure-token'
          ? [0, 0]
          : [1, 1]
  const head = token === undefined ? 0 : 1
  return [
    flags.includes('optional') ? 0 : head + low,
    flags.includes('multiple') ? Number.POSITIVE_INFINITY : head + high,
  ]
}

/** Commands whose arity says less than their syntax, in Redis as here. */
const LOOSE: ReadonlyMap<string, string> = new Map([
  ['pfmerge', 'without sources it merges nothing'],
  ['geopos', 'without members it answers none'],
  ['geohash', 'without members it answers none'],
  ['quit', 'takes anything'],
  ['client|kill', 'the old form is an argument, the new one options that may all be left out'],
  ['command', 'its subcommands are in its arity'],
  ['debug', 'every word of it is for tests'],
  ['psync', 'may come with a FAILOVER that nobody sends here'],
  ['replconf', 'takes any pairs'],
])

test('what commands take agrees with their arity', () => {
  const table = new CommandTable(ALL_COMMANDS)
  const every = [...table.all()].flatMap((one) => [one, ...(one.subcommands?.values() ?? [])])
  for (const command of every) {
    const { fullName, arity, subcommands, handler } = command
    if (subcommands !== undefined && handler === undefined) continue
    const sizes = argumentsOf(command).map(wordsOf)
    const name = fullName.split('|').length
    const least = sizes.reduce((total, [size]) => total + size, name)
    const most = sizes.reduce((total, [, size]) => total + size, name)
    const said = arity < 0 ? [-arity, true] : [arity, false]
    if (LOOSE.has(fullName)) expect.soft([least, most > least], fullName).not.toEqual(said)
    else expect.soft([least, most > least], fullName).toEqual(said)
  }
})

test('COMMAND DOCS tells arguments and what changed since', async () => {
  await using server = await createServer()
  const docs = (await server.execute(['COMMAND', 'DOCS', 'lpop'])) as Map<string, unknown>
  expect(docs.get('lpop')).toEqual(
    new Map<string, unknown>([
      ['summary', 'Takes items from the head of a list.'],
      ['since', '1.0.0'],
      ['group', 'list'],
      ['complexity', 'O(N), N elements answered'],
      ['history', new Set([['6.2.0', 'Takes `count`.']])],
      [
        'arguments',
        [
          new Map<string, unknown>([
            ['name', 'key'],
            ['type', 'key'],
            ['display_text', 'key'],
            ['key_spec_index', 0],
          ]),
          new Map<string, unknown>([
            ['name', 'count'],
            ['type', 'integer'],
            ['display_text', 'count'],
            ['since', '6.2.0'],
            ['flags', new Set(['optional'])],
          ]),
        ],
      ],
    ]),
  )
})
