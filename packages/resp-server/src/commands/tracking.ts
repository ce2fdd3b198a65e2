import type { Client } from '../clients/client.ts'
import type { TrackingState } from '../clients/tracking.ts'
import { ReplyError } from '../errors.ts'
import { integer, syntaxError } from './arguments.ts'
import type { CommandDefinition, CommandFlag } from './command.ts'

interface Wanted {
  redirectId: number
  broadcasts: boolean
  optin: boolean
  optout: boolean
  noLoop: boolean
  readonly prefixes: string[]
}

function parse(client: Client, args: readonly string[]): Wanted {
  const wanted: Wanted = {
    redirectId: 0,
    broadcasts: false,
    optin: false,
    optout: false,
    noLoop: false,
    prefixes: [],
  }
  for (let at = 3; at < args.length; at += 1) {
    const option = (args[at] as string).toLowerCase()
    const hasMore = at + 1 < args.length
    if (option === 'redirect' && hasMore) {
      at += 1
      if (wanted.redirectId !== 0) {
        throw new ReplyError('ERR A client can only redirect to a single other client')
      }
      wanted.redirectId = integer(args[at] as string)
      if (client.server.clients.get(wanted.redirectId) === undefined) {
        throw new ReplyError('ERR The client ID you want redirect to does not exist')
      }
    } else if (option === 'bcast') wanted.broadcasts = true
    else if (option === 'optin') wanted.optin = true
    else if (option === 'optout') wanted.optout = true
    else if (option === 'noloop') wanted.noLoop = true
    else if (option === 'prefix' && hasMore) {
      at += 1
      wanted.prefixes.push(args[at] as string)
    } else throw syntaxError()
  }
  return wanted
}

function check(client: Client, wanted: Wanted): void {
  const { broadcasts, prefixes, optin, optout } = wanted
  const before = client.tracking
  if (!broadcasts && prefixes.length > 0) {
    throw new ReplyError('ERR PREFIX option requires BCAST mode to be enabled')
  }
  if (before !== undefined && before.broadcasts !== broadcasts) {
    throw new ReplyError(
      "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and " +
        'then re-enabling it with a different mode.',
    )
  }
  if (broadcasts && (optin || optout)) {
    throw new ReplyError('ERR OPTIN and OPTOUT are not compatible with BCAST')
  }
  if (optin && optout) {
    throw new ReplyError("ERR You can't specify both OPTIN mode and OPTOUT mode")
  }
  if ((optin && before?.mode === 'optout') || (optout && before?.mode === 'optin')) {
    throw new ReplyError(
      "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and " +
        'then re-enabling it with a different mode.',
    )
  }
  if (broadcasts) checkPrefixes(prefixes, before?.prefixes ?? [])
}

/** Prefixes of one client must not overlap: a key would be told of twice. */
function checkPrefixes(added: readonly string[], present: readonly string[]): void {
  const overlaps = (one: string, other: string): boolean =>
    one.startsWith(other) || other.startsWith(one)
  for (const [index, prefix] of added.entries()) {
    const existing = present.find((other) => other !== prefix && overlaps(prefix, other))
    if (existing !== undefined) {
      throw new ReplyError(
        `ERR Prefix '${prefix}' overlaps with an existing prefix '${existing}'. Prefixes for a ` +
          'single client must not overlap.',
      )
    }
    const other = added.slice(index + 1).find((one) => overlaps(prefix, one))
    if (other !== undefined) {
      throw new ReplyError(
        `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a ` +
          'single client must not overlap.',
      )
    }
  }
}

function tracking(client: Client, args: readonly string[]) {
  const { server } = client
  const wanted = parse(client, args)
  const mode = (args[2] as string).toLowerCase()
  if (mode === 'on') {
    check(client, wanted)
    const { redirectId, broadcasts, optin, optout, noLoop, prefixes } = wanted
    const before = client.tracking
    const added = broadcasts && prefixes.length === 0 && before === undefined ? [''] : prefixes
    const state: TrackingState = {
      redirect: server.clients.get(redirectId),
      redirectId,
      broadcasts,
      mode: optin ? 'optin' : optout ? 'optout' : 'default',
      noLoop,
      prefixes: [...new Set([...(before?.prefixes ?? []), ...added])],
      caching: 'none',
      isRedirectBroken: false,
    }
    server.tracking.enable(client, state)
    server.trackingChanged()
  } else if (mode === 'off') {
    server.tracking.disable(client)
    server.trackingChanged()
  } else throw syntaxError()
  client.reply.ok()
}

function caching(client: Client, args: readonly string[]) {
  const state = client.tracking
  if (state === undefined) {
    throw new ReplyError(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or ' +
        'OPTOUT mode enabled',
    )
  }
  const answer = (args[2] as string).toLowerCase()
  if (answer === 'yes' && state.mode !== 'optin') {
    throw new ReplyError(
      'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
    )
  }
  if (answer === 'no' && state.mode !== 'optout') {
    throw new ReplyError(
      'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
    )
  }
  if (answer !== 'yes' && answer !== 'no') throw syntaxError()
  state.caching = answer
  client.reply.ok()
}

function getredir({ reply, tracking: state }: Client) {
  reply.integer(state === undefined ? -1 : state.redirectId)
}

function trackinginfo({ reply, tracking: state }: Client) {
  const flags = state === undefined ? ['off'] : ['on']
  if (state !== undefined) {
    if (state.broadcasts) flags.push('bcast')
    if (state.mode !== 'default') flags.push(state.mode)
    if (state.mode === 'optin' && state.caching === 'yes') flags.push('caching-yes')
    if (state.mode === 'optout' && state.caching === 'no') flags.push('caching-no')
    if (state.noLoop) flags.push('noloop')
    if (state.isRedirectBroken) flags.push('broken_redirect')
  }
  reply.map(3)
  reply.bulk('flags')
  reply.set(flags.length)
  for (const flag of flags) reply.bulk(flag)
  reply.bulk('redirect')
  reply.integer(state === undefined ? -1 : state.redirectId)
  reply.bulk('prefixes')
  const prefixes = state?.broadcasts ? state.prefixes : []
  reply.array(prefixes.length)
  for (const prefix of prefixes) reply.bulk(prefix)
}

const FIELDS = { group: 'connection', categories: ['connection'], since: '6.0.0' } as const
const flags: readonly CommandFlag[] = ['noscript', 'loading', 'stale']

/** Subcommands of CLIENT. */
export const TRACKING_SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    ...FIELDS,
    name: 'tracking',
    syntax:
      'status=<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    complexity: 'O(1), and O(N) for N prefixes',
    arity: -3,
    flags,
    summary: 'Tells the connection, or another, which of the keys that it read have changed.',
    handler: tracking,
  },
  {
    ...FIELDS,
    name: 'caching',
    syntax: 'mode=<YES | NO>',
    complexity: 'O(1)',
    arity: 3,
    flags,
    summary: 'Says whether the keys of the next command are tracked.',
    handler: caching,
  },
  {
    ...FIELDS,
    name: 'getredir',
    complexity: 'O(1)',
    arity: 2,
    flags,
    summary: 'Answers the connection that invalidations go to.',
    handler: getredir,
  },
  {
    ...FIELDS,
    name: 'trackinginfo',
    complexity: 'O(1)',
    arity: 2,
    flags,
    since: '6.2.0',
    summary: 'Describes how the connection tracks keys.',
    handler: trackinginfo,
  },
]
