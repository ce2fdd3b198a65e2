import { type Row, rate } from '@ashlar/bench-kit'
import { decodeKey, encodeKey } from '@ashlar/codec'
import { readKey, writeKey } from 'ordered-binary'
import { keys } from './values.ts'

const tuples = keys(500)
const peer = 'ordered-binary'

export const keyRows: readonly Row[] = [
  {
    name: 'key encode, ordered-binary',
    unit: 'op/s',
    peer,
    must: 0.8,
    aim: 1.2,
    notes: 'each into an array of its own',
    open({ roundMs }) {
      const buffer = Buffer.alloc(4096)
      const theirs = (tuple: (typeof tuples)[number]): Uint8Array =>
        Uint8Array.prototype.slice.call(buffer, 0, writeKey(tuple, buffer, 0))
      return {
        ours: () => rate(tuples, roundMs, encodeKey),
        theirs: () => rate(tuples, roundMs, theirs),
      }
    },
  },
  {
    name: 'key decode, ordered-binary',
    unit: 'op/s',
    peer,
    must: 0.6,
    aim: 1,
    notes: 'ours checks all it reads',
    open({ roundMs }) {
      const buffer = Buffer.alloc(4096)
      const own = tuples.map((tuple) => encodeKey(tuple))
      const other = tuples.map((tuple) => {
        // It reads past short keys, as it is used with buffers of fixed size.
        const length = writeKey(tuple, buffer, 0)
        return { key: Buffer.concat([buffer.subarray(0, length), Buffer.alloc(8)]), length }
      })
      return {
        ours: () => rate(own, roundMs, decodeKey),
        theirs: () => rate(other, roundMs, (it) => readKey(it.key, 0, it.length)),
      }
    },
  },
]
