import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { RangeOptions } from '../../iterator/range.ts'
import { Store } from '../../store/store.ts'
import { formatOption, parseBytes, showBytes } from '../byte-format.ts'
import {
  type Call,
  type CliCommand,
  DONE,
  numberOption,
  printFacts,
  printLine,
  textOption,
  UsageError,
} from '../command.ts'
import { FORMAT_OPTIONS, openToRead } from './values.ts'

const LOAD_BATCH = 1000

export const RANGE_OPTIONS = {
  gte: { value: 'key', help: 'from this key on' },
  lt: { value: 'key', help: 'up to this key, exclusive' },
  prefix: { value: 'key', help: 'only keys that start so' },
} as const

/** The range that a command names, in its key format. */
export function rangeOf(call: Call): Pick<RangeOptions, 'gte' | 'lt' | 'prefix'> {
  const format = formatOption(call, 'key-format', 'text')
  const range: { gte?: Buffer; lt?: Buffer; prefix?: Buffer } = {}
  for (const name of ['gte', 'lt', 'prefix'] as const) {
    const text = textOption(call, name)
    if (text !== undefined) range[name] = parseBytes(text, format, `--${name}`)
  }
  return range
}

export const scan: CliCommand = {
  name: 'scan',
  summary: 'Prints entries in key order: key, tab, value',
  parameters: ['dir'],
  options: {
    ...RANGE_OPTIONS,
    ...FORMAT_OPTIONS,
    reverse: { help: 'from the last key to the first' },
    limit: { value: 'number', help: 'at most so many entries' },
    keys: { help: 'keys alone' },
  },
  async run(call) {
    const keyFormat = formatOption(call, 'key-format', 'text')
    const valueFormat = formatOption(call, 'value-format', 'text')
    const keysOnly = call.options['keys'] === true
    const limit = numberOption(call, 'limit', 0, Number.POSITIVE_INFINITY)
    const range = { ...rangeOf(call), keysOnly, limit, reverse: call.options['reverse'] === true }
    await using store = await openToRead(call)
    for await (const [key, value] of store.scan(range)) {
      const shown = {
        key: showBytes(key, keyFormat),
        ...(keysOnly ? {} : { value: showBytes(value, valueFormat) }),
      }
      const line = call.json ? JSON.stringify(shown) : Object.values(shown).join('\t')
      await printLine(call.streams, line)
    }
    return DONE
  },
}

export const dump: CliCommand = {
  name: 'dump',
  summary: 'Prints all entries as lines of JSON that load reads: the same store, the same bytes',
  parameters: ['dir'],
  options: RANGE_OPTIONS,
  async run(call) {
    const range = rangeOf(call)
    await using store = await openToRead(call)
    for await (const [key, value] of store.scan(range)) {
      const entry = { key: showBytes(key, 'base64'), value: showBytes(value, 'base64') }
      await printLine(call.streams, JSON.stringify(entry))
    }
    return DONE
  },
}

export const load: CliCommand = {
  name: 'load',
  summary: 'Writes the entries of a dump, from a file or standard input, to a store',
  parameters: ['dir', 'file?'],
  options: { sorted: { help: 'the entries are in key order, as dump prints them: past the log' } },
  async run(call) {
    const { dir, file } = call.parameters
    const input = file === undefined ? call.streams.stdin : createReadStream(file)
    await using store = await Store.open(dir as string)
    if (call.options['sorted'] === true) {
      const { entries } = await store.ingest(entriesOf(input), { sync: 'always' })
      await printFacts(call, { entries })
      return DONE
    }
    let batch = store.batch()
    let entries = 0
    for await (const line of createInterface({ input })) {
      entries += 1
      const { key, value } = parseEntry(line, entries)
      batch.put(key, value)
      if (batch.size < LOAD_BATCH) continue
      await store.write(batch)
      batch = store.batch()
    }
    await store.write(batch)
    await store.sync()
    await printFacts(call, { entries })
    return DONE
  },
}

async function* entriesOf(input: NodeJS.ReadableStream): AsyncGenerator<readonly [Buffer, Buffer]> {
  let number = 0
  for await (const line of createInterface({ input })) {
    number += 1
    const { key, value } = parseEntry(line, number)
    yield [key, value]
  }
}

function parseEntry(line: string, number: number): { key: Buffer; value: Buffer } {
  try {
    const { key, value } = JSON.parse(line) as { key: string; value: string }
    return {
      key: parseBytes(key, 'base64', 'the key'),
      value: parseBytes(value, 'base64', 'the value'),
    }
  } catch (cause) {
    throw new UsageError(`line ${number} is no entry of a dump: ${(cause as Error).message}`)
  }
}
