import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { integer, syntaxError } from './arguments.ts'

type Filter = (other: Client) => boolean

const TYPES = ['normal', 'pubsub', 'master', 'replica', 'slave']

function typeFilter(text: string): Filter {
  const type = text.toLowerCase()
  if (!TYPES.includes(type)) throw new ReplyError(`ERR Unknown client type '${text}'`)
  const isReplica: Filter = (other) => other.server.downstream.of(other) !== undefined
  if (type === 'replica' || type === 'slave') return isReplica
  if (type === 'pubsub') return (other) => other.isSubscriber
  return (other) => type === 'normal' && !other.isSubscriber && !isReplica(other)
}

function filterOf(client: Client, option: string, value: string): Filter {
  switch (option.toUpperCase()) {
    case 'ID': {
      const id = integer(value, () => new ReplyError('ERR client-id should be greater than 0'))
      if (id < 1) throw new ReplyError('ERR client-id should be greater than 0')
      return (other) => other.id === id
    }
    case 'TYPE':
      return typeFilter(value)
    case 'ADDR':
      return (other) => other.transport.address === value
    case 'LADDR':
      return (other) => other.transport.localAddress === value
    case 'USER':
      if (value !== 'default') throw new ReplyError(`ERR No such user '${value}'`)
      return () => true
    case 'MAXAGE': {
      const age = integer(value) * 1000
      return (other) => client.server.keyspace.now - other.createdAt >= age
    }
    default:
      throw syntaxError()
  }
}

function kill(client: Client, other: Client): void {
  // the one who asks still gets the answer
  other.transport.close(other === client ? 'after-reply' : 'now')
}

/** `CLIENT KILL addr:port`, or filters that must all hold. */
export function killClients(client: Client, args: readonly string[]): void {
  const others = client.server.clients.all()
  if (args.length === 3) {
    const found = others.find((other) => other.transport.address === args[2])
    if (found === undefined) throw new ReplyError('ERR No such client')
    client.reply.ok()
    kill(client, found)
    return
  }
  let skipsMe = true
  const filters: Filter[] = []
  for (let at = 2; at < args.length; at += 2) {
    const [option, value] = [args[at] as string, args[at + 1]]
    if (value === undefined) throw syntaxError()
    if (option.toUpperCase() === 'SKIPME') {
      if (!/^(?:yes|no)$/i.test(value)) throw syntaxError()
      skipsMe = value.toLowerCase() === 'yes'
    } else filters.push(filterOf(client, option, value))
  }
  const chosen = others.filter(
    (other) => !(skipsMe && other === client) && filters.every((holds) => holds(other)),
  )
  client.reply.integer(chosen.length)
  for (const other of chosen) kill(client, other)
}
