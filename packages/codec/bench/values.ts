// What the rows encode: made once, the same for both sides of a contest.

export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly age: number
  readonly active: boolean
  readonly score: number
  readonly tags: readonly string[]
  readonly address: { readonly street: string; readonly city: string; readonly zip: string }
  readonly createdAt: number
}

export function people(count: number): Person[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `user:${1000 + i}`,
    name: `Ada Lovelace ${i}`,
    email: `ada${i}@example.com`,
    age: i % 90,
    active: i % 2 === 0,
    score: i * 1.37,
    tags: ['alpha', 'beta', 'gamma'],
    address: { street: '12 Analytical Row', city: 'London', zip: `N1 ${i}` },
    createdAt: 1_700_000_000_000 + i,
  }))
}

export type Key = (string | number | boolean)[]

/** An index entry: table, indexed value, time, id. */
export function keys(count: number): Key[] {
  return Array.from({ length: count }, (_, i) => [
    'orders',
    `customer-${i % 97}`,
    1_700_000_000_000 + i,
    `o-${1000 + i}`,
  ])
}

export function payloads(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const payload = new Uint8Array(bytes)
    for (let j = 0; j < bytes; j++) payload[j] = i * 31 + j * 7
    return payload
  })
}
