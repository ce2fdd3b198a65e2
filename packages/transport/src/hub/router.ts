import type { Message } from '../message/message.ts'
import { isReservedToken } from '../message/subject.ts'

/** Exact subjects whose routes are remembered; the oldest is forgotten beyond. */
const MAX_CACHED_ROUTES = 8192

/** Something that messages are delivered to. */
export interface Receiver {
  readonly queue: string | undefined
  /** False while its connection is down: it then counts as not subscribed. */
  readonly reachable: boolean
  receive(message: Message): void
}

/** Receivers of one queue group, taken in turn. */
export interface Group {
  readonly members: Receiver[]
  turn: number
}

/** Everybody who gets the messages of one exact subject. */
export interface Route {
  readonly all: readonly Receiver[]
  readonly groups: readonly Group[]
}

interface Node {
  readonly children: Map<string, Node>
  /** Receivers of the pattern that ends here, and of the one that ends here with `>`. */
  readonly exact: Set<Receiver>
  readonly rest: Set<Receiver>
}

/**
 * Subject matching: a trie of the subscribed patterns, and in front of it a cache from exact
 * subjects to their receivers that any change of the subscriptions empties.
 */
export class Router {
  readonly #root: Node = createNode()
  readonly #routes = new Map<string, Route>()

  add(pattern: string, receiver: Receiver): void {
    const tokens = pattern.split('.')
    let node = this.#root
    for (const token of tokens) {
      if (token === '>') break
      let child = node.children.get(token)
      if (child === undefined) {
        child = createNode()
        node.children.set(token, child)
      }
      node = child
    }
    endpoint(node, tokens).add(receiver)
    this.#routes.clear()
  }

  remove(pattern: string, receiver: Receiver): void {
    const tokens = pattern.split('.')
    const path: { readonly parent: Node; readonly token: string }[] = []
    let node = this.#root
    for (const token of tokens) {
      if (token === '>') break
      const child = node.children.get(token)
      if (child === undefined) return
      path.push({ parent: node, token })
      node = child
    }
    endpoint(node, tokens).delete(receiver)
    for (const { parent, token } of path.reverse()) {
      const child = parent.children.get(token)
      if (child === undefined || !isEmpty(child)) break
      parent.children.delete(token)
    }
    this.#routes.clear()
  }

  /** The route of a subject that was routed before, which therefore needs no checking again. */
  find(subject: string): Route | undefined {
    return this.#routes.get(subject)
  }

  /** The route of any subject; remembered. */
  resolve(subject: string): Route {
    const found: Receiver[] = []
    collect(this.#root, subject.split('.'), 0, found)
    const all: Receiver[] = []
    const groups = new Map<string, Group>()
    for (const receiver of found) {
      if (receiver.queue === undefined) {
        all.push(receiver)
        continue
      }
      const group = groups.get(receiver.queue)
      if (group === undefined) groups.set(receiver.queue, { members: [receiver], turn: 0 })
      else group.members.push(receiver)
    }
    if (this.#routes.size >= MAX_CACHED_ROUTES) {
      const oldest = this.#routes.keys().next()
      if (!oldest.done) this.#routes.delete(oldest.value)
    }
    const route = { all, groups: [...groups.values()] }
    this.#routes.set(subject, route)
    return route
  }
}

/** Hands the message to all plain receivers and one of each group; tells how many got it. */
export function deliver(route: Route, message: Message): number {
  let delivered = 0
  for (const receiver of route.all) {
    if (!receiver.reachable) continue
    receiver.receive(message)
    delivered += 1
  }
  for (const group of route.groups) {
    const receiver = nextOf(group)
    if (receiver === undefined) continue
    receiver.receive(message)
    delivered += 1
  }
  return delivered
}

function createNode(): Node {
  return { children: new Map(), exact: new Set(), rest: new Set() }
}

function endpoint(node: Node, tokens: readonly string[]): Set<Receiver> {
  return tokens.at(-1) === '>' ? node.rest : node.exact
}

function isEmpty(node: Node): boolean {
  return node.children.size === 0 && node.exact.size === 0 && node.rest.size === 0
}

function collect(node: Node, tokens: readonly string[], depth: number, into: Receiver[]): void {
  const token = tokens[depth]
  if (token === undefined) {
    into.push(...node.exact)
    return
  }
  const wildcards = depth > 0 || !isReservedToken(token)
  if (wildcards) into.push(...node.rest)
  const exact = node.children.get(token)
  if (exact !== undefined) collect(exact, tokens, depth + 1, into)
  const star = wildcards ? node.children.get('*') : undefined
  if (star !== undefined) collect(star, tokens, depth + 1, into)
}

function nextOf(group: Group): Receiver | undefined {
  for (let tried = 0; tried < group.members.length; tried += 1) {
    const receiver = group.members[group.turn % group.members.length]
    group.turn = (group.turn + 1) % group.members.length
    if (receiver?.reachable) return receiver
  }
  return undefined
}
