import type { Bytes } from '../protocol/reply.ts'
import type { Words } from './rewrite.ts'

/** Memory of large values may change later. */
export function keptWords(words: Words): Words {
  for (const word of words) if (typeof word !== 'string') return words.map(kept)
  return words
}

const kept = (word: Bytes): Bytes => (typeof word === 'string' ? word : Buffer.from(word))
