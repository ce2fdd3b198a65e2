import { crc32 as zlibCrc32 } from 'node:zlib'
import { encodeFrame, FRAME_HEADER_BYTES, type Frame, readFrames } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'

interface Written {
  readonly type: number
  readonly payload: Uint8Array
}

const MAX_FRAME_BYTES = 500
const written = fc.record({
  type: fc.nat({ max: 255 }),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc
      .array(fc.constantFrom(0, 1, 2, 9, 0xff), { maxLength: 40 })
      .map((all) => Uint8Array.from(all)),
    fc.nat({ max: MAX_FRAME_BYTES }).map((length) => new Uint8Array(length)),
  ),
})
const logs = fc.array(written, { maxLength: 8 })
const salt = fc.constantFrom(0, 1, 0xdeadbeef)

function write(frames: readonly Written[], salt: number): Uint8Array {
  return Buffer.concat(
    frames.map(({ type, payload }) =>
      encodeFrame(type, payload, { salt, maxFrameBytes: MAX_FRAME_BYTES }),
    ),
  )
}

function read(log: Uint8Array, salt: number): ReturnType<typeof readFrames> {
  return readFrames(log, { salt, maxFrameBytes: MAX_FRAME_BYTES })
}

function contents(frames: readonly Frame[]): Written[] {
  return frames.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }))
}

/** Where each frame starts, and the end of the last one. */
function bounds(frames: readonly Written[]): number[] {
  let end = 0
  return [
    0,
    ...frames.map(({ payload }) => {
      end += FRAME_HEADER_BYTES + payload.length
      return end
    }),
  ]
}

test('what was written is read, with its place', () => {
  fc.assert(
    fc.property(logs, salt, (frames, salt) => {
      const log = write(frames, salt)
      const found = read(log, salt)
      expect(found).toMatchObject({ end: log.length, tail: 'complete' })
      expect(contents(found.frames)).toEqual(frames)
      expect([0, ...found.frames.map((frame) => frame.end)]).toEqual(bounds(frames))
    }),
    { numRuns: 300 },
  )
})

test('cut at any byte, a log is complete at the bounds of frames and torn everywhere else', () => {
  fc.assert(
    fc.property(logs, salt, (frames, salt) => {
      const log = write(frames, salt)
      const ends = bounds(frames)
      // one assertion for all cuts: there are thousands
      const wrong: unknown[] = []
      for (let cut = 0; cut <= log.length; cut++) {
        const whole = ends.findLastIndex((end) => end <= cut)
        const { end, frames, tail } = read(log.subarray(0, cut), salt)
        const isRight =
          end === ends[whole] &&
          frames.length === whole &&
          tail === (end === cut ? 'complete' : 'torn')
        if (!isRight) wrong.push({ cut, whole, end, frames: frames.length, tail })
      }
      expect(wrong).toEqual([])
    }),
    { numRuns: 100 },
  )
})

test('a changed byte damages its frame only, and is corrupt when good frames follow', () => {
  fc.assert(
    fc.property(
      logs,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      salt,
      (frames, at, change, salt) => {
        fc.pre(frames.length > 0)
        const log = write(frames, salt)
        const damagedAt = at % log.length
        log[damagedAt] = (log[damagedAt] ?? 0) ^ change
        const damaged = bounds(frames).findLastIndex((end) => end <= damagedAt)
        const found = read(log, salt)
        expect(contents(found.frames)).toEqual(frames.slice(0, damaged))
        expect(found.end).toBe(bounds(frames)[damaged])
        if (damaged < frames.length - 1) expect(found.tail).toBe('corrupt')
        else expect(found.tail).toBe(plainTail(log, found.end, salt))
        expect(found.tail).not.toBe('complete')
      },
    ),
    { numRuns: 500 },
  )
})

/** The definition of the tail, as plainly as can be and in quadratic time. */
function plainTail(log: Uint8Array, end: number, salt: number): string {
  const view = new DataView(log.buffer, log.byteOffset, log.length)
  if (end === log.length) return 'complete'
  const isFrame = (at: number): boolean => {
    const length = view.getUint32(at, true)
    if (length > MAX_FRAME_BYTES || at + FRAME_HEADER_BYTES + length > log.length) return false
    const checked = log.subarray(at + 8, at + FRAME_HEADER_BYTES + length)
    return zlibCrc32(checked, salt) === view.getUint32(at + 4, true)
  }
  const remaining = log.length - end
  if (remaining >= FRAME_HEADER_BYTES && view.getUint32(end, true) > MAX_FRAME_BYTES)
    return 'corrupt'
  for (let at = end + 1; at + FRAME_HEADER_BYTES <= log.length; at++) {
    if (isFrame(at)) return 'corrupt'
  }
  return 'torn'
}

test('the tail of any bytes is judged as the definition says', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(fc.constantFrom(0, 1, 2, 9), { maxLength: 60 }).map((all) => Uint8Array.from(all)),
  )
  fc.assert(
    fc.property(logs, junk, logs, salt, (before, junk, after, salt) => {
      const log = Buffer.concat([write(before, salt), junk, write(after, salt)])
      const found = read(log, salt)
      expect(found.tail).toBe(plainTail(log, found.end, salt))
    }),
    { numRuns: 1000 },
  )
})
