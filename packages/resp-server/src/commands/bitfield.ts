import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { exactInteger, syntaxError } from './arguments.ts'
import { bitOffset, bytesAt, changeBytes } from './bitmaps.ts'
import { readField, writeField } from './bits.ts'
import { type CommandDefinition, keyAt } from './command.ts'

type Overflow = 'wrap' | 'sat' | 'fail'

interface Field {
  readonly isSigned: boolean
  readonly width: number
}

interface Step {
  readonly kind: 'get' | 'set' | 'incrby'
  readonly field: Field
  readonly offset: number
  readonly amount: bigint
  readonly overflow: Overflow
}

function parseField(text: string): Field {
  const match = /^([iu])([1-9]\d?)$/i.exec(text)
  const isSigned = match?.[1]?.toLowerCase() === 'i'
  const width = Number(match?.[2] ?? 0)
  if (width < 1 || width > (isSigned ? 64 : 63)) {
    throw new ReplyError(
      'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but ' +
        'i64 is.',
    )
  }
  return { isSigned, width }
}

/** A bit offset; `#n` counts in fields. */
function parseOffset(client: Client, text: string, width: number): number {
  const wrong = new ReplyError('ERR bit offset is not an integer or out of range')
  const isScaled = text.startsWith('#')
  const digits = isScaled ? text.slice(1) : text
  if (!/^\d{1,15}$/.test(digits)) throw wrong
  return bitOffset(client, String(Number(digits) * (isScaled ? width : 1)))
}

function parseSteps(client: Client, args: readonly string[], isReadOnly: boolean): Step[] {
  const steps: Step[] = []
  let overflow: Overflow = 'wrap'
  for (let at = 2; at < args.length; ) {
    const name = (args[at] as string).toLowerCase()
    const left = args.length - at - 1
    if (name === 'overflow' && left >= 1) {
      const mode = (args[at + 1] as string).toLowerCase()
      if (mode !== 'wrap' && mode !== 'sat' && mode !== 'fail') {
        throw new ReplyError('ERR Invalid OVERFLOW type specified')
      }
      overflow = mode
      at += 2
      continue
    }
    const needs = name === 'get' ? 2 : name === 'set' || name === 'incrby' ? 3 : Infinity
    if (left < needs) throw syntaxError()
    const kind = name as Step['kind']
    const field = parseField(args[at + 1] as string)
    const offset = parseOffset(client, args[at + 2] as string, field.width)
    const amount = kind === 'get' ? 0n : BigInt(exactInteger(args[at + 3] as string))
    steps.push({ kind, field, offset, amount, overflow })
    at += needs + 1
  }
  if (isReadOnly && steps.some(({ kind }) => kind !== 'get')) {
    throw new ReplyError('ERR BITFIELD_RO only supports the GET subcommand')
  }
  return steps
}

/** The value to write and what to answer; undefined when OVERFLOW FAIL refuses. */
function outcome(step: Step, before: bigint): { value: bigint; answer: bigint } | undefined {
  const { kind, field, amount, overflow } = step
  const { isSigned, width } = field
  // what is set in an unsigned field counts as unsigned: -1 is more than it can hold, not less
  const given = isSigned ? amount : BigInt.asUintN(64, amount)
  const wanted = kind === 'incrby' ? before + amount : given
  const max = isSigned ? 2n ** BigInt(width - 1) - 1n : 2n ** BigInt(width) - 1n
  const min = isSigned ? -(2n ** BigInt(width - 1)) : 0n
  let value = wanted
  if (wanted > max || wanted < min) {
    if (overflow === 'fail') return undefined
    if (overflow === 'sat') value = wanted > max ? max : min
    else value = isSigned ? BigInt.asIntN(width, wanted) : BigInt.asUintN(width, wanted)
  }
  return { value, answer: kind === 'set' ? before : value }
}

function bitfield(client: Client, args: readonly string[], isReadOnly: boolean) {
  const { reply } = client
  const key = args[1] as string
  const steps = parseSteps(client, args, isReadOnly)
  const writes = steps.filter(({ kind }) => kind !== 'get')
  const answers: (bigint | undefined)[] = []
  const apply = (bytes: Buffer): void => {
    for (const step of steps) {
      const { width, isSigned } = step.field
      const before = readField(bytes, step.offset, width, isSigned)
      if (step.kind === 'get') {
        answers.push(before)
        continue
      }
      const result = outcome(step, before)
      if (result !== undefined) writeField(bytes, step.offset, width, result.value)
      answers.push(result?.answer)
    }
  }
  if (writes.length === 0) apply(bytesAt(client, key) ?? Buffer.alloc(0))
  else {
    const start = Math.min(...writes.map(({ offset }) => Math.floor(offset / 8)))
    const end = Math.max(
      ...writes.map(({ offset, field }) => Math.ceil((offset + field.width) / 8)),
    )
    changeBytes(client, key, start, end, apply)
  }
  reply.array(answers.length)
  for (const answer of answers) {
    if (answer === undefined) reply.null()
    else reply.integer(answer)
  }
}

/** Whether a request gets fields only. */
function isReadOnly(args: readonly string[]): boolean {
  for (let at = 2; at < args.length; ) {
    if (args[at]?.toUpperCase() !== 'GET') return false
    at += 3
  }
  return true
}

const base = { group: 'bitmap', categories: ['bitmap'], arity: -2 } as const

export const BITFIELD_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'bitfield',
    syntax:
      'key operation=[GET encoding_offset=<encoding offset> | write=<[OVERFLOW wrap_sat_fail=<WRAP | SAT | FAIL>] write_operation=<SET encoding offset value:integer | INCRBY encoding offset increment>>] [...]',
    complexity: 'O(1) for each operation',
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'access', 'update', 'variable_flags')],
    keyFlags: (args) => (isReadOnly(args) ? ['RO', 'access'] : ['RW', 'access', 'update']),
    since: '3.2.0',
    summary: 'Reads and changes integers of any width within a string.',
    handler: (client: Client, args: readonly string[]) => bitfield(client, args, false),
  },
  {
    ...base,
    name: 'bitfield_ro',
    syntax: 'key [GET encoding offset [GET encoding offset ...]]',
    complexity: 'O(1) for each operation',
    flags: ['readonly', 'fast'],
    keys: [keyAt(1, 'RO', 'access')],
    since: '6.0.0',
    summary: 'Reads integers of any width within a string.',
    handler: (client: Client, args: readonly string[]) => bitfield(client, args, true),
  },
]
