import type { Client } from '../clients/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { SLOTS } from '../cluster/key-slot.ts'
import type { SlotMap } from '../cluster/slot-map.ts'
import { ReplyError } from '../errors.ts'
import { clusterOf } from './cluster-state.ts'
import type { CommandDefinition, Handler } from './command.ts'
import { waitFor } from './server.ts'

export function slotOf(text: string): number {
  const slot = Number(text)
  if (/^\d+$/.test(text) && slot < SLOTS) return slot
  throw new ReplyError('ERR Invalid or out of range slot')
}

function slotsOf(words: readonly string[], areRanges: boolean): number[] {
  if (!areRanges) return words.map(slotOf)
  if (words.length % 2 !== 0) throw new ReplyError('ERR wrong number of arguments')
  const slots: number[] = []
  for (let at = 0; at < words.length; at += 2) {
    const [first, last] = [slotOf(words[at] as string), slotOf(words[at + 1] as string)]
    if (first > last) {
      throw new ReplyError(`ERR start slot number ${first} is greater than end slot number ${last}`)
    }
    for (let slot = first; slot <= last; slot += 1) slots.push(slot)
  }
  return slots
}

/** Changes the slot map, and answers when that is done. */
function edit(client: Client, change: (cluster: Cluster, before: SlotMap) => SlotMap): void {
  const cluster = clusterOf(client)
  if (client.isInTransaction) throw new ReplyError('ERR slots are not changed within MULTI')
  const work = cluster.board.edit((before) => change(cluster, before))
  waitFor(client, work, () => client.reply.ok())
}

const adding =
  (areRanges: boolean): Handler =>
  (client, args) => {
    const slots = slotsOf(args.slice(2), areRanges)
    edit(client, (cluster, before) => {
      const taken = slots.find((slot) => before.ownerOf(slot) !== undefined)
      if (taken !== undefined) throw new ReplyError(`ERR Slot ${taken} is already busy`)
      return before.give(slots, cluster.group)
    })
  }

const removing =
  (areRanges: boolean): Handler =>
  (client, args) => {
    const slots = slotsOf(args.slice(2), areRanges)
    edit(client, (cluster, before) => {
      const other = slots.find((slot) => before.ownerOf(slot) !== cluster.group)
      if (other !== undefined) throw new ReplyError(`ERR Slot ${other} is not of this group`)
      return before.give(slots, undefined)
    })
  }

/** CLUSTER SETSLOT slot MIGRATING|IMPORTING|NODE id | STABLE */
function setSlot(client: Client, args: readonly string[]): void {
  const slot = slotOf(args[2] as string)
  const word = args[3]?.toLowerCase()
  const id = args[4]
  const hasId = word === 'migrating' || word === 'importing' || word === 'node'
  if ((!hasId && word !== 'stable') || args.length !== (hasId ? 5 : 4)) {
    throw new ReplyError('ERR Invalid CLUSTER SETSLOT action or number of arguments')
  }
  edit(client, (cluster, before) => {
    const owner = before.ownerOf(slot)
    if (word === 'stable') return before.move(slot, cluster.group, undefined)
    const other = cluster.groupOf(id as string)
    if (other === undefined) throw new ReplyError(`ERR I don't know about node ${id}`)
    if (word === 'node') return give(client, cluster, before, slot, other)
    const [from, to] = word === 'migrating' ? [cluster.group, other] : [other, cluster.group]
    if (owner !== from) {
      const what = word === 'migrating' ? "I'm not the owner of" : 'that node does not own'
      throw new ReplyError(`ERR ${what} hash slot ${slot}`)
    }
    if (from === to) throw new ReplyError(`ERR the slot ${slot} is there already`)
    return before.move(slot, from, to)
  })
}

function give(
  client: Client,
  cluster: Cluster,
  before: SlotMap,
  slot: number,
  group: string,
): SlotMap {
  const owner = before.ownerOf(slot)
  if (owner === group && !before.moves.has(slot)) return before
  if (
    owner === cluster.group &&
    group !== owner &&
    !cluster.keysIn(slot, 1, client.isInTransaction).next().done
  ) {
    throw new ReplyError(
      `ERR Can't assign hashslot ${slot} to a different node while I still hold keys for this ` +
        'hash slot.',
    )
  }
  return before.give([slot], group)
}

const row = (
  name: string,
  syntax: string,
  arity: number,
  summary: string,
  handler: Handler,
): CommandDefinition => ({
  name,
  syntax,
  complexity: name === 'setslot' ? 'O(1)' : 'O(N), N slots',
  arity,
  group: 'cluster',
  flags: ['admin', 'stale', 'no_async_loading'],
  since: name.endsWith('range') ? '7.0.0' : '3.0.0',
  summary,
  handler,
})

const EACH = 'slot [slot ...]'
const RANGES = 'start-slot end-slot [start-slot end-slot ...]'
const SET_SLOT = 'slot subcommand=<IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>'

/** Who has which slots: changed in the transport's key-value, for all nodes at once. */
export const SLOT_SUBCOMMANDS: readonly CommandDefinition[] = [
  row('addslots', EACH, -3, 'Gives slots that nobody has to this group.', adding(false)),
  row(
    'addslotsrange',
    RANGES,
    -4,
    'Gives ranges of slots that nobody has to this group.',
    adding(true),
  ),
  row('delslots', EACH, -3, 'Takes slots from this group.', removing(false)),
  row('delslotsrange', RANGES, -4, 'Takes ranges of slots from this group.', removing(true)),
  row('setslot', SET_SLOT, -4, 'Moves a slot from group to group, in steps.', setSlot),
]
