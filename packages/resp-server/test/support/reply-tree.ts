/** A reply as data that keeps what kind each part was: `+status` is no bulk, and a set is no array. */
export type ReplyTree =
  | string
  | number
  | null
  | readonly ReplyTree[]
  | { readonly set: readonly ReplyTree[] }
  | ReadonlyMap<string, ReplyTree>

/** Reads one whole RESP3 reply as RawClient shows it. */
export function replyTree(reply: string): ReplyTree {
  let at = 0
  const line = (): string => {
    const end = reply.indexOf('\r\n', at)
    const text = reply.slice(at, end)
    at = end + 2
    return text
  }
  const many = (count: number): ReplyTree[] => Array.from({ length: count }, next)
  function next(): ReplyTree {
    const head = line()
    const rest = head.slice(1)
    if (head[0] === '+' || head[0] === '-') return head
    if (head[0] === ':') return Number(rest)
    if (head[0] === '_') return null
    if (head[0] === '*') return many(Number(rest))
    if (head[0] === '~') return { set: many(Number(rest)) }
    if (head[0] === '%') {
      return new Map(Array.from({ length: Number(rest) }, () => [String(next()), next()] as const))
    }
    if (head[0] !== '$') throw new Error(`no reply begins with '${head}'`)
    const text = reply.slice(at, at + Number(rest))
    at += Number(rest) + 2
    return text
  }
  return next()
}
