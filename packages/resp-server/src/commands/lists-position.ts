import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { ListValue } from '../values/list-value.ts'
import { integer, positive, syntaxError } from './arguments.ts'

interface PositionOptions {
  rank: number
  count: number | undefined
  maxlen: number
}

function positionOptions(args: readonly string[]): PositionOptions {
  const found: PositionOptions = { rank: 1, count: undefined, maxlen: 0 }
  for (let at = 3; at < args.length; at += 2) {
    const option = (args[at] as string).toUpperCase()
    const value = args[at + 1]
    if (value === undefined) throw syntaxError()
    if (option === 'RANK') {
      found.rank = integer(value)
      if (found.rank === 0) {
        throw new ReplyError(
          "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
            'or use negative to start from the end of the list',
        )
      }
    } else if (option === 'COUNT') found.count = positive(value, "ERR COUNT can't be negative")
    else if (option === 'MAXLEN') found.maxlen = positive(value, "ERR MAXLEN can't be negative")
    else throw syntaxError()
  }
  return found
}

/** LPOS: where an item stands. */
export function lpos(client: Client, args: readonly string[]): void {
  const { reply } = client
  const { rank, count, maxlen } = positionOptions(args)
  const list = expectType(client.database.read(args[1] as string), ListValue)
  if (list === undefined) {
    if (count === undefined) reply.null()
    else reply.array(0)
    return
  }
  const wanted = count === undefined ? 1 : count === 0 ? list.size : count
  const found: number[] = []
  let toSkip = Math.abs(rank) - 1
  let compared = 0
  const start = rank < 0 ? list.size - 1 : 0
  list.visit(start, rank < 0, (candidate, index) => {
    if (candidate === args[2]) {
      if (toSkip > 0) toSkip -= 1
      else found.push(index)
    }
    compared += 1
    return found.length < wanted && (maxlen === 0 || compared < maxlen)
  })
  if (count === undefined) {
    const [first] = found
    if (first === undefined) reply.null()
    else reply.integer(first)
    return
  }
  reply.array(found.length)
  for (const index of found) reply.integer(index)
}
