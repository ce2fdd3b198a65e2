import { encodeFrame, readFrames, writeFrame } from '@ashlar/codec'
import { expect, test } from 'vitest'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

// The examples of docs/formats/frames.md: frames are on people's disks, so these never change.
test.each([
  [1, '', 0, '00000000' + '1bdf05a5' + '01'],
  [7, 'abc', 0, '03000000' + '757ff676' + '07616263'],
  [7, 'abc', 1, '03000000' + '10184ace' + '07616263'],
])(
  'a frame of type %i with %j and salt %i is written as documented',
  (type, payload, salt, frame) => {
    expect(hex(encodeFrame(type, text(payload), { salt }))).toBe(frame)
  },
)

test('writeFrame puts frames one after the other into a buffer', () => {
  const buffer = new Uint8Array(100).fill(0xee)
  let end = writeFrame(buffer, 3, 1, text('one'))
  end = writeFrame(buffer, end, 2, text('two'))
  expect(end).toBe(3 + 2 * 12)
  const { frames, tail } = readFrames(buffer.subarray(3, end))
  expect([tail, frames.map(({ type }) => type)]).toEqual(['complete', [1, 2]])
  expect([buffer[2], buffer[end]]).toEqual([0xee, 0xee])
})

test('payloads are views into the log', () => {
  const log = encodeFrame(1, text('abc'))
  const [frame] = readFrames(log).frames
  log[9] = 0x7a
  expect(frame?.payload).toEqual(text('zbc'))
})

test('zeros after the last frame, as a file allocated ahead has them, are a torn tail', () => {
  for (const zeros of [1, 8, 9, 10, 5000]) {
    const log = Buffer.concat([encodeFrame(1, text('abc')), new Uint8Array(zeros)])
    expect(readFrames(log)).toMatchObject({ end: 12, tail: 'torn' })
  }
})

test('good frames after zeros are no torn write', () => {
  const log = Buffer.concat([new Uint8Array(100), encodeFrame(1, text('abc'))])
  expect(readFrames(log)).toMatchObject({ end: 0, tail: 'corrupt' })
})

test('a length above maxFrameBytes is corrupt, and at it is not', () => {
  const log = encodeFrame(1, new Uint8Array(100))
  expect(readFrames(log, { maxFrameBytes: 100 }).tail).toBe('complete')
  expect(readFrames(log, { maxFrameBytes: 99 }).tail).toBe('corrupt')
  expect(readFrames(log.subarray(0, 50), { maxFrameBytes: 99 }).tail).toBe('corrupt')
})

test('frames within a torn frame need a salt to be told apart from its successors', () => {
  const inner = encodeFrame(1, text('inner'))
  const cut = (log: Uint8Array): Uint8Array => log.subarray(0, log.length - 1)
  const payload = Buffer.concat([inner, text('rest')])
  expect(readFrames(cut(encodeFrame(2, payload))).tail).toBe('corrupt')
  const salted = cut(encodeFrame(2, payload, { salt: 99 }))
  expect(readFrames(salted, { salt: 99 }).tail).toBe('torn')
})

test("another log's frames are none under this one's salt", () => {
  const recycled = Buffer.concat([
    encodeFrame(1, text('new'), { salt: 2 }),
    encodeFrame(1, text('old'), { salt: 1 }),
  ])
  const { frames, tail } = readFrames(recycled, { salt: 2 })
  expect([frames.length, tail]).toEqual([1, 'torn'])
})

test('a log can be read in parts', () => {
  const frames = Array.from({ length: 50 }, (_, i) => encodeFrame(i, text('x'.repeat(i))))
  const log = Buffer.concat(frames)
  const types: number[] = []
  for (let offset = 0; offset < log.length; ) {
    const found = readFrames(log.subarray(offset, offset + 70), { partial: true })
    expect(['torn', 'complete']).toContain(found.tail)
    expect(found.end).toBeGreaterThan(0)
    types.push(...found.frames.map(({ type }) => type))
    offset += found.end
  }
  expect(types).toEqual(frames.map((_, i) => i))
})

test('judging a damaged tail takes time in proportion to it', () => {
  // Every offset looks like a frame of 1 to 2 MiB: from scratch, that would be terabytes of CRC.
  const log = Uint8Array.from({ length: 2_100_000 }, (_, i) => (i % 4 === 2 ? 0x10 : 0))
  const start = performance.now()
  expect(readFrames(log)).toMatchObject({ end: 0, tail: 'torn' })
  expect(performance.now() - start).toBeLessThan(5000)
})

test('mistakes of the caller are found at once', () => {
  expect(() => encodeFrame(256, text(''))).toThrow(/type/)
  expect(() => encodeFrame(1.5, text(''))).toThrow(RangeError)
  expect(() => encodeFrame(1, text('abcd'), { maxFrameBytes: 3 })).toThrow(/maxFrameBytes/)
  for (const salt of [-1, 0.5, 2 ** 32, Number.NaN]) {
    expect(() => encodeFrame(1, text(''), { salt })).toThrow(/salt/)
    expect(() => readFrames(text(''), { salt })).toThrow(/salt/)
  }
  expect(() => readFrames(text(''), { maxFrameBytes: Number.NaN })).toThrow(/maxFrameBytes/)
  expect(() => writeFrame(new Uint8Array(10), 0, 1, text('abc'))).toThrow(/room/)
  expect(() => writeFrame(new Uint8Array(20), -1, 1, text('abc'))).toThrow(/room/)
})
