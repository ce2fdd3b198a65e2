import { Store } from '../../store/store.ts'
import { formatOption, parseBytes, showBytes } from '../byte-format.ts'
import { type Call, type CliCommand, DONE, NOT_FOUND, printLine } from '../command.ts'

export const FORMAT_OPTIONS = {
  'key-format': { value: 'format', help: 'how keys are written: text, hex or base64 (text)' },
  'value-format': { value: 'format', help: 'how values are written: text, hex or base64 (text)' },
} as const

/** The store of a command that only looks, also while it is open elsewhere. */
export function openToRead({ parameters }: Call): Promise<Store> {
  return Store.open(parameters['dir'] as string, { readOnly: true })
}

/** The store of a command, which must be there. */
export function openExisting({ parameters }: Call): Promise<Store> {
  return Store.open(parameters['dir'] as string, { createIfMissing: false })
}

function keyOf(call: Call): Buffer {
  const format = formatOption(call, 'key-format', 'text')
  return parseBytes(call.parameters['key'] as string, format, 'the key')
}

export const get: CliCommand = {
  name: 'get',
  summary: 'Prints the value of a key; exit code 3 when there is none',
  parameters: ['dir', 'key'],
  options: FORMAT_OPTIONS,
  async run(call) {
    const key = keyOf(call)
    const format = formatOption(call, 'value-format', 'text')
    await using store = await openToRead(call)
    const bytes = store.getSync(key)
    const value = bytes === undefined ? undefined : showBytes(bytes, format)
    if (call.json) {
      const shown = { key: call.parameters['key'], found: value !== undefined, value }
      await printLine(call.streams, JSON.stringify(shown))
    } else if (value !== undefined) await printLine(call.streams, value)
    return value === undefined ? NOT_FOUND : DONE
  },
}

export const put: CliCommand = {
  name: 'put',
  summary: "Sets a key, durably; the value '-' is read from standard input",
  parameters: ['dir', 'key', 'value'],
  options: { ...FORMAT_OPTIONS, create: { help: 'make the store when it is not there' } },
  async run(call) {
    const key = keyOf(call)
    const format = formatOption(call, 'value-format', 'text')
    const given = call.parameters['value'] as string
    const value =
      given === '-' ? await readAll(call.streams.stdin) : parseBytes(given, format, 'the value')
    const createIfMissing = call.options['create'] === true
    await using store = await Store.open(call.parameters['dir'] as string, { createIfMissing })
    await store.put(key, value, { sync: 'always' })
    if (call.json) {
      await printLine(call.streams, JSON.stringify({ sequence: store.lastSequence }))
    }
    return DONE
  },
}

export const remove: CliCommand = {
  name: 'delete',
  summary: 'Removes a key, durably; exit code 3 when there was none',
  parameters: ['dir', 'key'],
  options: { 'key-format': FORMAT_OPTIONS['key-format'] },
  async run(call) {
    const key = keyOf(call)
    await using store = await openExisting(call)
    const found = store.hasSync(key)
    if (found) await store.delete(key, { sync: 'always' })
    if (call.json) await printLine(call.streams, JSON.stringify({ found }))
    return found ? DONE : NOT_FOUND
  },
}

async function readAll(stdin: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks)
}
