// A second implementation of docs/formats/records.md: msgpackr's own reader behind a few lines.
import { Packr } from 'msgpackr'

export interface Parsed {
  readonly version: number
  readonly shapes: readonly (readonly string[])[]
  readonly value: unknown
}

export function secondReader(record: Uint8Array): Parsed {
  let position = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = record[position++] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const version = varint()
  const tableLength = varint()
  const tableEnd = position + tableLength
  const shapes: string[][] = []
  while (position < tableEnd) {
    shapes.push(
      Array.from({ length: varint() }, () => {
        const length = varint()
        position += length
        return Buffer.from(record.subarray(position - length, position)).toString()
      }),
    )
  }
  const reader = new Packr({
    structures: shapes.map((keys) => [...keys]),
    mapsAsObjects: false,
    moreTypes: true,
  })
  return { version, shapes, value: reader.unpack(record.slice(position)) }
}
