import { type Row, rate } from '@ashlar/bench-kit'
import { createRecordCodec } from '@ashlar/codec'
import { Packr } from 'msgpackr'
import { people } from './values.ts'

interface Format {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

const ours = (): Format => createRecordCodec<unknown>({ version: 1 })
const json = (): Format => ({
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()),
})
const msgpackr = (): Format => {
  const packr = new Packr()
  return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) }
}

const one: readonly unknown[] = people(500)
const lists: readonly unknown[] = Array.from({ length: 20 }, () => ({ people: people(50) }))

function encoding(values: readonly unknown[], peer: () => Format): Row['open'] {
  return ({ roundMs }) => {
    const round = (format: Format) => (): number =>
      rate(values, roundMs, (value) => format.encode(value))
    return { ours: round(ours()), theirs: round(peer()) }
  }
}

function decoding(values: readonly unknown[], peer: () => Format): Row['open'] {
  return ({ roundMs }) => {
    const round = (format: Format): (() => number) => {
      // Records lie in arrays of their own, as they come out of a store.
      const records = values.map((value) => Uint8Array.from(format.encode(value)))
      return () => rate(records, roundMs, (record) => format.decode(record))
    }
    return { ours: round(ours()), theirs: round(peer()) }
  }
}

function size(values: readonly unknown[], peer: () => Format): Row['open'] {
  const bytes = (format: Format) => (): number => format.encode(values[0]).length
  return () => ({ ours: bytes(ours()), theirs: bytes(peer()) })
}

const plain = 'msgpackr Packr'
const text = 'JSON to bytes'

export const recordRows: readonly Row[] = [
  row('record encode, msgpackr', plain, 1, 1.3, encoding(one, msgpackr)),
  row('record decode, msgpackr', plain, 1.5, 2.5, decoding(one, msgpackr)),
  row('record encode, JSON', text, 0.65, 1, encoding(one, json)),
  row('record decode, JSON', text, 1.2, 2, decoding(one, json)),
  row('list of 50 encode, msgpackr', plain, 0.65, 1, encoding(lists, msgpackr)),
  row('list of 50 decode, msgpackr', plain, 0.7, 1.2, decoding(lists, msgpackr)),
  row('list of 50 encode, JSON', text, 0.65, 1, encoding(lists, json)),
  row('list of 50 decode, JSON', text, 1.2, 2, decoding(lists, json)),
  { ...row('list of 50 size, JSON', text, 1.5, 2, size(lists, json)), unit: 'bytes', less: true },
]

function row(name: string, peer: string, must: number, aim: number, open: Row['open']): Row {
  return { name, unit: 'op/s', peer, must, aim, open }
}
