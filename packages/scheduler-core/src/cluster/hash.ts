/** FNV-1a over UTF-8, then murmur3's finalizer: every bit of the text moves every bit of the hash. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127) return mixed(hashOfBytes(hash, Buffer.from(text.slice(at), 'utf8')))
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  return mixed(hash)
}

function hashOfBytes(start: number, bytes: Uint8Array): number {
  let hash = start
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

function mixed(unmixed: number): number {
  let hash = unmixed
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  return hash >>> 0
}

/**
 * Which of the members a partition falls to: the one with the highest hash of both names. When a
 * member comes or goes, only what falls to it, or fell to it, moves.
 */
export function rendezvous(partition: number, members: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestHash = -1
  for (const member of members) {
    const hash = hashOf(`${partition}/${member}`)
    if (hash < bestHash || (hash === bestHash && best !== undefined && member < best)) continue
    best = member
    bestHash = hash
  }
  return best
}
