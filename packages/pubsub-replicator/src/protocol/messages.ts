import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import { ReplicatorError } from '../errors.ts'
import type { Position } from '../ledger/life.ts'
import type { SelectionSpec } from '../selection/selection.ts'
import {
  asBytes,
  asCount,
  asFields,
  asList,
  countOf,
  type Fields,
  flagOf,
  listOf,
  textOf,
} from './check.ts'
import { checkName } from './subjects.ts'

/** Most entries or changes that one message is made of: bounds what a small message can hold. */
export const MESSAGE_ITEMS_MAX = 16_384

/** Most that a receiver believes in. A commit may tell of a row twice: that it left, and a new one. */
const ENTRIES_MAX = 65_536
const TABLES_MAX = 1024
const TEXT_MAX = 256
const LEASE_MS_MIN = 100
const LEASE_MS_MAX = 3_600_000

/** A row as it travels: encoded id and encoded row; without a row the id is all that is said. */
export type WireEntry = readonly [id: Uint8Array, row: Uint8Array | null]

/** The rows that one commit of the publisher holds for a selection. */
export interface WireChange {
  readonly sequence: number
  readonly entries: readonly WireEntry[]
  /** The tables of the commit, when it has rows in more than one published table. */
  readonly tables: readonly string[]
}

/** Subscribe, or come back. */
export interface OpenRequest {
  readonly node: string
  readonly selection: SelectionSpec
  /** Where the subscriber stands, and with which selection; undefined at first. */
  readonly position: Position | undefined
  readonly held: string
  /** How long the publisher serves the feed without an acknowledgement. */
  readonly leaseMs: number
}

export interface OpenReply {
  readonly at: Position
  /** Read the log on from the position, or take a snapshot first. */
  readonly mode: 'tail' | 'snapshot'
  /** The position is from writes that this store has lost, or from another store. */
  readonly lost: boolean
  readonly feed: string
  readonly heartbeatMs: number
}

/** Changes after a sequence. */
export interface PullRequest {
  readonly node: string
  readonly digest: string
  readonly since: Position
  readonly maxBytes: number
}

/** A page of the log, or the word that it does not reach back so far. */
export interface PullReply {
  readonly at: Position
  readonly truncated: boolean
  readonly changes: readonly WireChange[]
  /** Everything up to here is covered. */
  readonly through: number
  readonly more: boolean
}

/** Rows of a snapshot after an id. */
export interface PageRequest {
  readonly node: string
  readonly digest: string
  /** Snapshot to read on in; empty for a new one. */
  readonly token: string
  readonly after: Uint8Array | undefined
  /** The subscriber holds rows already: say also which rows are there but are not sent. */
  readonly compare: boolean
  readonly maxBytes: number
}

export interface PageReply {
  readonly at: Position
  readonly token: string
  readonly entries: readonly WireEntry[]
  /** The page covers the ids up to this one; undefined up to the end of the table. */
  readonly upTo: Uint8Array | undefined
}

/** What has become of rows that the publisher once told, and lost? */
export interface CheckRequest {
  readonly node: string
  readonly digest: string
  /** Ids, each with a notice up to the version that the subscriber holds. */
  readonly entries: readonly WireEntry[]
}

/**
 * The rows of which the publisher has as new a version: the id alone when it follows from its log
 * what becomes of it, and what takes the place of the subscriber's version otherwise.
 */
export interface CheckReply {
  readonly at: Position
  readonly entries: readonly WireEntry[]
}

/** What is published on a feed; without changes it is a heartbeat. */
export interface Push {
  readonly at: Position
  readonly previous: number
  readonly changes: readonly WireChange[]
}

/** How far a subscriber is, durably. */
export interface Acknowledgement {
  readonly node: string
  readonly digest: string
  readonly position: Position
  /** End of the subscriber's own log at that moment. */
  readonly head: number
}

/** A node gives its name. */
export interface Presence {
  readonly node: string
}

/** A publisher says that it is there. */
export interface Here extends Presence {
  readonly at: Position
}

/** Why a request was not granted. */
export interface Refusal {
  readonly refused: 'UNKNOWN' | 'BUSY' | 'INVALID'
  readonly reason: string
}

/** Encoders and decoders of one kind of message. */
export interface MessageCodec<T> {
  encode(message: T): Uint8Array
  /** Throws `MESSAGE_MALFORMED`, whatever the bytes are. */
  decode(bytes: Uint8Array): T
}

/** All messages of the protocol. */
export interface Messages {
  readonly open: MessageCodec<OpenRequest>
  readonly opened: MessageCodec<OpenReply | Refusal>
  readonly pull: MessageCodec<PullRequest>
  readonly pulled: MessageCodec<PullReply | Refusal>
  readonly page: MessageCodec<PageRequest>
  readonly paged: MessageCodec<PageReply | Refusal>
  readonly check: MessageCodec<CheckRequest>
  readonly checked: MessageCodec<CheckReply | Refusal>
  readonly push: MessageCodec<Push>
  readonly acknowledgement: MessageCodec<Acknowledgement>
  readonly presence: MessageCodec<Presence>
  readonly here: MessageCodec<Here>
}

/** Makes the codecs of all messages. */
export function createMessages(maxBytes: number): Messages {
  const codec: RecordCodec<unknown> = createRecordCodec<unknown>({ version: 1, maxBytes })
  const make = <T>(
    pack: (message: T) => Fields,
    parse: (fields: Fields) => T,
  ): MessageCodec<T> => ({
    encode: (message) => codec.encode(pack(message)),
    decode: (bytes) => {
      try {
        return parse(asFields(codec.decode(bytes)))
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new ReplicatorError('MESSAGE_MALFORMED', `a message is malformed: ${why}`, { cause })
      }
    },
  })
  const reply = <T extends object>(pack: (message: T) => Fields, parse: (fields: Fields) => T) =>
    make<T | Refusal>(
      (message) => ('refused' in message ? { ...message } : pack(message)),
      (fields) => ('refused' in fields ? refusalOf(fields) : parse(fields)),
    )
  return {
    open: make(packOpen, parseOpen),
    opened: reply(packOpened, parseOpened),
    pull: make(packPull, parsePull),
    pulled: reply(packPulled, parsePulled),
    page: make(packPage, parsePage),
    paged: reply(packPaged, parsePaged),
    check: make(packCheck, parseCheck),
    checked: reply(packChecked, parseChecked),
    push: make(packPush, parsePush),
    acknowledgement: make(packAcknowledgement, parseAcknowledgement),
    presence: make(
      ({ node }) => ({ node }),
      (fields) => ({ node: nodeOf(fields) }),
    ),
    here: make(
      ({ node, at }) => ({ node, at: packPosition(at) }),
      (fields) => ({ node: nodeOf(fields), at: atOf(fields) }),
    ),
  }
}

function packOpen(message: OpenRequest): Fields {
  const { node, selection, position, held, leaseMs } = message
  return { node, selection, held, leaseMs, ...(position && { position: packPosition(position) }) }
}

function parseOpen(fields: Fields): OpenRequest {
  const leaseMs = Math.min(Math.max(countOf(fields, 'leaseMs'), LEASE_MS_MIN), LEASE_MS_MAX)
  const position =
    fields['position'] === undefined ? undefined : positionOf(fields['position'], 'position')
  // compileSelection checks the rest
  const selection: SelectionSpec = asFields(fields['selection'])
  const held = textOf(fields, 'held', TEXT_MAX)
  return { node: nodeOf(fields), selection, position, held, leaseMs }
}

function packOpened({ at, mode, lost, feed, heartbeatMs }: OpenReply): Fields {
  return { at: packPosition(at), mode, lost, feed, heartbeatMs }
}

function parseOpened(fields: Fields): OpenReply {
  const mode = textOf(fields, 'mode', TEXT_MAX)
  if (mode !== 'tail' && mode !== 'snapshot') throw new TypeError('mode is not known')
  const feed = textOf(fields, 'feed', 1024)
  const lost = flagOf(fields, 'lost')
  return { at: atOf(fields), mode, lost, feed, heartbeatMs: countOf(fields, 'heartbeatMs') }
}

function packPull({ node, digest, since, maxBytes }: PullRequest): Fields {
  return { node, digest, since: packPosition(since), maxBytes }
}

function parsePull(fields: Fields): PullRequest {
  return {
    node: nodeOf(fields),
    digest: textOf(fields, 'digest', TEXT_MAX),
    since: positionOf(fields['since'], 'since'),
    maxBytes: countOf(fields, 'maxBytes'),
  }
}

function packPulled({ at, truncated, changes, through, more }: PullReply): Fields {
  return { at: packPosition(at), truncated, changes: packChanges(changes), through, more }
}

function parsePulled(fields: Fields): PullReply {
  return {
    at: atOf(fields),
    truncated: flagOf(fields, 'truncated'),
    changes: changesOf(fields),
    through: countOf(fields, 'through'),
    more: flagOf(fields, 'more'),
  }
}

function packPage({ node, digest, token, after, compare, maxBytes }: PageRequest): Fields {
  return { node, digest, token, after: after ?? null, compare, maxBytes }
}

function parsePage(fields: Fields): PageRequest {
  return {
    node: nodeOf(fields),
    digest: textOf(fields, 'digest', TEXT_MAX),
    token: textOf(fields, 'token', TEXT_MAX),
    after: fields['after'] === null ? undefined : asBytes(fields['after'], 'after'),
    compare: flagOf(fields, 'compare'),
    maxBytes: countOf(fields, 'maxBytes'),
  }
}

function packPaged({ at, token, entries, upTo }: PageReply): Fields {
  return { at: packPosition(at), token, entries, upTo: upTo ?? null }
}

function parsePaged(fields: Fields): PageReply {
  return {
    at: atOf(fields),
    token: textOf(fields, 'token', TEXT_MAX),
    entries: listOf(fields, 'entries', ENTRIES_MAX).map(entryOf),
    upTo: fields['upTo'] === null ? undefined : asBytes(fields['upTo'], 'upTo'),
  }
}

function packCheck({ node, digest, entries }: CheckRequest): Fields {
  return { node, digest, entries }
}

function parseCheck(fields: Fields): CheckRequest {
  return {
    node: nodeOf(fields),
    digest: textOf(fields, 'digest', TEXT_MAX),
    entries: listOf(fields, 'entries', MESSAGE_ITEMS_MAX).map(entryOf),
  }
}

function packChecked({ at, entries }: CheckReply): Fields {
  return { at: packPosition(at), entries }
}

function parseChecked(fields: Fields): CheckReply {
  return { at: atOf(fields), entries: listOf(fields, 'entries', ENTRIES_MAX).map(entryOf) }
}

function packPush({ at, previous, changes }: Push): Fields {
  return { at: packPosition(at), previous, changes: packChanges(changes) }
}

function parsePush(fields: Fields): Push {
  const at = atOf(fields)
  const previous = countOf(fields, 'previous')
  const changes = changesOf(fields)
  const last = changes.at(-1)?.sequence ?? previous
  if (previous > at.sequence || last > at.sequence) throw new TypeError('sequences go backwards')
  return { at, previous, changes }
}

function packAcknowledgement({ node, digest, position, head }: Acknowledgement): Fields {
  return { node, digest, position: packPosition(position), head }
}

function parseAcknowledgement(fields: Fields): Acknowledgement {
  return {
    node: nodeOf(fields),
    digest: textOf(fields, 'digest', TEXT_MAX),
    position: positionOf(fields['position'], 'position'),
    head: countOf(fields, 'head'),
  }
}

function refusalOf(fields: Fields): Refusal {
  const refused = textOf(fields, 'refused', TEXT_MAX)
  if (refused !== 'UNKNOWN' && refused !== 'BUSY' && refused !== 'INVALID') {
    throw new TypeError('the refusal is not known')
  }
  return { refused, reason: textOf(fields, 'reason', 4096) }
}

function nodeOf(fields: Fields): string {
  const node = fields['node']
  checkName('node', node)
  return node
}

function packPosition(position: Position): readonly unknown[] {
  return [position.store, position.life, position.sequence]
}

function atOf(fields: Fields): Position {
  return positionOf(fields['at'], 'at')
}

function positionOf(value: unknown, name: string): Position {
  const [store, life, sequence] = asList(value, name, 3)
  if (typeof store !== 'string' || store.length > TEXT_MAX)
    throw new TypeError(`${name} is invalid`)
  return { store, life: asCount(life, name), sequence: asCount(sequence, name) }
}

function packChanges(changes: readonly WireChange[]): readonly unknown[] {
  return changes.map(({ sequence, entries, tables }) => [sequence, entries, tables])
}

function changesOf(fields: Fields): WireChange[] {
  let last = 0
  return listOf(fields, 'changes', ENTRIES_MAX).map((item) => {
    const [sequence, entries, tables] = asList(item, 'changes', 3)
    const change: WireChange = {
      sequence: asCount(sequence, 'sequence'),
      entries: asList(entries, 'entries', ENTRIES_MAX).map(entryOf),
      tables: asList(tables, 'tables', TABLES_MAX).map((table) => {
        checkName('table', table)
        return table
      }),
    }
    if (change.sequence <= last) throw new TypeError('sequences go backwards')
    last = change.sequence
    return change
  })
}

function entryOf(item: unknown): WireEntry {
  const [id, row] = asList(item, 'entries', 2)
  return [asBytes(id, 'id'), row === null ? null : asBytes(row, 'row')]
}
