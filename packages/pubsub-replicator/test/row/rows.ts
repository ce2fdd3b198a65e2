import type { HlcTimestamp } from '@ashlar/codec'
import fc from 'fast-check'
import { encodeRecord } from '../../src/record/record.ts'
import { type WriteIntent, writeRow } from '../../src/row/local-write.ts'
import type { Row } from '../../src/row/row.ts'

/** Stamps of one writer each, so that two writes never share one. */
export function stampOf(time: number, node: string): HlcTimestamp {
  return { time: BigInt(time), node }
}

const field = fc.constantFrom('a', 'b', 'c')
const fields = fc.dictionary(field, fc.nat(9), { maxKeys: 3 })

export const intent: fc.Arbitrary<WriteIntent> = fc
  .oneof(
    fc.record({ type: fc.constant('put' as const), record: fields }),
    fc.record({
      type: fc.constant('patch' as const),
      fields,
      removed: fc.uniqueArray(field, { maxLength: 1 }),
    }),
    fc.record({ type: fc.constant('delete' as const) }),
  )
  .map((made) =>
    made.type === 'patch'
      ? { ...made, removed: made.removed.filter((name) => !(name in made.fields)) }
      : made,
  )

/** What one writer makes of a row by a few writes of its own, each with a unique stamp. */
export function history(node: string): fc.Arbitrary<Row[]> {
  return fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      fc.array(intent, { minLength: 4, maxLength: 4 }),
      fc.constantFrom('record' as const, 'field' as const),
    )
    .map(([times, intents, merge]) => {
      const rows: Row[] = []
      for (const [index, time] of times.toSorted((a, b) => a - b).entries()) {
        const row = writeRow(rows.at(-1), intents[index]!, stampOf(time, node), merge)
        if (row !== undefined) rows.push(row)
      }
      if (rows.length > 0) return rows
      const put: WriteIntent = { type: 'put', record: {} }
      return [writeRow(undefined, put, stampOf(1, node), merge)!]
    })
}

/** A live row of one put. */
export function putRow(time: number, node: string, record: Record<string, unknown>): Row {
  return {
    stamp: stampOf(time, node),
    deleted: false,
    evicted: false,
    previous: 0n,
    via: '',
    left: [],
    columns: undefined,
    fields: undefined,
    value: encodeRecord(record),
  }
}
