import { crc32 as zlibCrc32 } from 'node:zlib'
import { type Row, rate } from '@ashlar/bench-kit'
import { crc32, encodeFrame, readFrames } from '@ashlar/codec'
import { payloads } from './values.ts'

const COUNT = 1000
const peer = 'Buffer and zlib.crc32'

/** The straightforward way, with the same bytes as the result. */
function naiveFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(9 + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt8(type, 8)
  frame.set(payload, 9)
  frame.writeUInt32LE(zlibCrc32(frame.subarray(8)), 4)
  return frame
}

function naiveRead(log: Buffer): number {
  let frames = 0
  for (let offset = 0; offset < log.length; ) {
    const end = offset + 9 + log.readUInt32LE(offset)
    if (zlibCrc32(log.subarray(offset + 8, end)) !== log.readUInt32LE(offset + 4)) break
    log.subarray(offset + 9, end)
    frames += 1
    offset = end
  }
  return frames
}

function writing(bytes: number): Row['open'] {
  return ({ roundMs }) => {
    const all = payloads(COUNT, bytes)
    return {
      ours: () => rate(all, roundMs, (payload) => encodeFrame(1, payload)),
      theirs: () => rate(all, roundMs, (payload) => naiveFrame(1, payload)),
    }
  }
}

function reading(bytes: number): Row['open'] {
  return ({ roundMs }) => {
    const log = Buffer.concat(payloads(COUNT, bytes).map((payload) => naiveFrame(1, payload)))
    const view = new Uint8Array(log.buffer, log.byteOffset, log.length)
    return {
      ours: () => COUNT * rate([view], roundMs, (log) => readFrames(log)),
      theirs: () => COUNT * rate([log], roundMs, naiveRead),
    }
  }
}

export const frameRows: readonly Row[] = [
  { name: 'frame encode 100 B', unit: 'op/s', peer, must: 1, aim: 1.5, open: writing(100) },
  { name: 'frame encode 4 KiB', unit: 'op/s', peer, must: 0.8, aim: 1, open: writing(4096) },
  { name: 'frames read 100 B', unit: 'op/s', peer, must: 0.8, aim: 1.2, open: reading(100) },
  { name: 'frames read 4 KiB', unit: 'op/s', peer, must: 0.8, aim: 1, open: reading(4096) },
  {
    name: 'crc32 of 64 B',
    unit: 'op/s',
    peer: 'zlib.crc32',
    must: 1,
    aim: 1.3,
    open({ roundMs }) {
      const all = payloads(COUNT, 64)
      return {
        ours: () => rate(all, roundMs, (bytes) => crc32(bytes)),
        theirs: () => rate(all, roundMs, (bytes) => zlibCrc32(bytes)),
      }
    },
  },
]
