/** A record of version 1 without shapes. */
export function record(body: Iterable<number> & ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(2 + body.length)
  bytes[0] = 1
  bytes.set(Uint8Array.from(body), 2)
  return bytes
}

/** 128 arrays in each other, each of which claims a million items, then zeros. */
function nestedClaims(): Uint8Array {
  const body = new Uint8Array(1_100_000)
  for (let i = 0; i < 100; i++) body.set([0xdd, 0x00, 0x0f, 0x42, 0x40], 5 * i)
  return record(body)
}

/** Records that are much shorter than what they announce. */
export const UNFOUNDED_CLAIMS: readonly [string, Uint8Array][] = [
  ['an array of 4 billion items', record([0xdd, 0xff, 0xff, 0xff, 0xff])],
  ['an array of 65,535 items', record([0xdc, 0xff, 0xff])],
  ['a map of 4 billion entries', record([0xdf, 0xff, 0xff, 0xff, 0xff])],
  ['a text of 4 GiB', record([0xdb, 0xff, 0xff, 0xff, 0xff])],
  ['4 GiB of bytes', record([0xc6, 0xff, 0xff, 0xff, 0xff])],
  ['an extension of 4 GiB', record([0xc9, 0xff, 0xff, 0xff, 0xff, 0x74])],
  ['a bigint of 2 GiB', record([0xc9, 0x7f, 0xff, 0xff, 0xff, 0x42, 0x01])],
  ['a text that ends a byte late', record([0xa2, 0x61])],
  ['a million items, a hundred times over', nestedClaims()],
  ['own shapes of 4 billion keys', record([0xd4, 0x72, 0x40, 0xdd, 0xff, 0xff, 0xff, 0xff])],
]
