// A message board in one sorted map, as any ordered store has it: what keys and records are for.
import {
  compareBytes,
  createRecordCodec,
  decodeKey,
  encodeKey,
  isCodecError,
  type KeyTuple,
  keyPrefix,
} from '@ashlar/codec'

/** The least that a store is: bytes to bytes, in the order of the keys. */
class SortedMap {
  readonly #entries: [key: Uint8Array, value: Uint8Array][] = []

  put(key: Uint8Array, value: Uint8Array): void {
    const index = this.#entries.findIndex(([other]) => compareBytes(other, key) >= 0)
    const found = index >= 0 && compareBytes(this.#entries[index]?.[0] ?? key, key) === 0
    this.#entries.splice(index < 0 ? this.#entries.length : index, found ? 1 : 0, [key, value])
  }

  scan(range: { gte: Uint8Array; lt: Uint8Array }): [Uint8Array, Uint8Array][] {
    return this.#entries.filter(
      ([key]) => compareBytes(key, range.gte) >= 0 && compareBytes(key, range.lt) < 0,
    )
  }
}

// --- Version 1 of the program: posts by room and time. -----------------------------------------

interface PostV1 {
  author: string
  text: string
}
const postsV1 = createRecordCodec<PostV1>({ version: 1 })
const store = new SortedMap()
const postKey = (room: string, time: Date, number: number): Uint8Array =>
  encodeKey(['post', room, time, number])

const noon = new Date(Date.UTC(2026, 0, 5, 12))
const later = new Date(Date.UTC(2026, 0, 5, 12, 1))
store.put(postKey('tea', later, 10), postsV1.encode({ author: 'bob', text: 'Two sugars' }))
store.put(postKey('tea', noon, 9), postsV1.encode({ author: 'ada', text: 'Is it hot?' }))
store.put(postKey('tea', noon, 10), postsV1.encode({ author: 'bob', text: 'It is' }))
store.put(postKey('teapots', noon, 1), postsV1.encode({ author: 'eve', text: 'Short, stout' }))

const show = (prefix: KeyTuple): void => {
  for (const [key, value] of store.scan(keyPrefix(prefix))) {
    const [, room, time, number] = decodeKey(key)
    const clock = time instanceof Date ? time.toISOString().slice(11, 16) : ''
    console.log(`  ${String(room)} ${clock} #${String(number)}: ${posts.decode(value).text}`)
  }
}

// --- Version 2: an author is a list, and posts can be liked. The bytes above stay as they are. --

interface Post {
  authors: string[]
  text: string
  likes: Set<string>
}
const posts = createRecordCodec<Post>({
  version: 2,
  upgrade: {
    1: (old: PostV1): Post => ({ authors: [old.author], text: old.text, likes: new Set() }),
  },
})
store.put(
  postKey('tea', later, 11),
  posts.encode({ authors: ['ada', 'eve'], text: 'Lovely', likes: new Set(['bob']) }),
)

console.log('the room tea, by time and then by number (9 before 10), without the room teapots:')
show(['post', 'tea'])
console.log('the posts of noon alone:')
show(['post', 'tea', noon])

const [first] = store.scan(keyPrefix(['post', 'tea']))
if (first !== undefined) {
  console.log('written by version 1, read by version 2:', posts.decode(first[1]))
}

// --- What is refused, and how. ------------------------------------------------------------------

const attempt = (what: string, action: () => unknown): void => {
  try {
    action()
    console.log(`${what}: accepted`)
  } catch (error) {
    if (!isCodecError(error)) throw error
    console.log(`${what}: ${error.code}`)
  }
}
attempt('an old program reads a new record', () =>
  postsV1.decode(posts.encode({ authors: [], text: '', likes: new Set() })),
)
attempt('a record that ends too early', () =>
  posts.decode(posts.encode(samplePost()).subarray(0, -1)),
)
attempt('five bytes that promise four billion items', () =>
  posts.decode(Uint8Array.of(2, 0, 0xdd, 0xff, 0xff, 0xff, 0xff)),
)
attempt('NaN in a key', () => encodeKey(['post', Number.NaN]))
attempt('bytes that are no key', () => decodeKey(Uint8Array.of(0x50, 0x61)))

function samplePost(): Post {
  return { authors: ['ada'], text: 'Good night', likes: new Set() }
}
