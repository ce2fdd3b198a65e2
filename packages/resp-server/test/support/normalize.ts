/** Splits an aggregate reply into its elements. */
function elements(reply: string): string[] {
  const found: string[] = []
  let at = reply.indexOf('\r\n') + 2
  while (at < reply.length) {
    const end = elementEnd(reply, at)
    found.push(reply.slice(at, end))
    at = end
  }
  return found
}

function elementEnd(reply: string, at: number): number {
  const line = reply.indexOf('\r\n', at)
  const kind = reply[at] as string
  const count = Number(reply.slice(at + 1, line))
  if ('$=!'.includes(kind)) return count < 0 ? line + 2 : line + 2 + count + 2
  if (!'*%~>'.includes(kind)) return line + 2
  let end = line + 2
  for (let left = kind === '%' ? count * 2 : count; left > 0; left -= 1) {
    end = elementEnd(reply, end)
  }
  return end
}

/** Commands whose order of elements Redis leaves open. */
const UNORDERED = new Set([
  'smembers',
  'sinter',
  'sunion',
  'sdiff',
  'keys',
  'hkeys',
  'hvals',
  'hrandfield',
])

/** The reply in a form in which two right answers are equal. */
export function normalize(command: string, reply: string, queued: readonly string[] = []): string {
  // a clock read a moment later may round to another second
  if (/ttl$|time$/.test(command) && /^:[1-9]/.test(reply)) return ':some time'
  // 7.2 names the command in lower case
  if (reply.startsWith('-ERR Unbalanced')) return '-ERR Unbalanced'
  if (!'*%~'.includes(reply[0] as string)) return reply
  // since 7.2 a consumer exists once it has asked, also when it got nothing
  if (command === 'xinfo') return reply.replace(/\$9\r\nconsumers\r\n:\d+/g, 'consumers')
  // how long an entry has been pending, in ms
  if (command === 'xpending') return reply.replace(/:\d+\r\n(:\d+\r\n)(?=\*4|$)/g, ':idle$1')
  if (command === 'exec') {
    return elements(reply)
      .map((element, at) => normalize(queued[at] ?? '', element))
      .join('|')
  }
  const header = reply.slice(0, reply.indexOf('\r\n'))
  // Redis compares up to the first zero byte, and leaves the order of what is the same so far open
  const isOpen = command.startsWith('sort') && reply.includes('\0')
  if (isOpen || UNORDERED.has(command)) return [header, ...elements(reply).sort()].join('|')
  if (/^[hsz]scan$/.test(command)) {
    const [cursor, found] = elements(reply) as [string, string]
    return cursor + normalize(command === 'sscan' ? 'smembers' : 'hgetall', found)
  }
  if (command === 'hgetall') {
    const flat = elements(reply)
    const pairs = flat.flatMap((field, at) => (at % 2 === 0 ? [field + flat[at + 1]] : []))
    return [header, ...pairs.sort()].join('|')
  }
  return reply
}

/** As {@link normalize}, with scores as the doubles that they are: 7.0 prints 17 digits, 7.2 no more than needed. */
export function normalizeScores(command: string, reply: string): string {
  const normal = normalize(command, reply)
  if (!/^z|^geo/.test(command)) return normal
  return normal
    .replace(/\$\d+\r\n(-?(?:\d|inf)[^\r\n]*)\r\n/g, (text, digits: string) => {
      const value = Number(digits)
      return Number.isNaN(value) ? text : `,${value}\r\n`
    })
    .replace(/,(-?\d[^\r\n]*)\r\n/g, (_, digits: string) => `,${Number(digits)}\r\n`)
}
