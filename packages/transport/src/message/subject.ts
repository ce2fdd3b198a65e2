import { TransportError } from '../errors.ts'

/** Longest subject, pattern and key, in UTF-16 units. */
export const MAX_SUBJECT_LENGTH = 1024

/** First token of the subjects on which answers come back. */
export const INBOX_TOKEN = '_INBOX'

const INBOX_FAULT = `'${INBOX_TOKEN}' belongs to the driver`

const DOT = 46
const STAR = 42
const GREATER = 62
const DOLLAR = 36
const SPACE = 32
const DELETE = 127

const NAME = /^[A-Za-z0-9_-]{1,128}$/
const KEY = /^[-/=_A-Za-z0-9]+(?:\.[-/=_A-Za-z0-9]+)*$/
const KEY_PATTERN = /^(?:(?:[-/=_A-Za-z0-9]+|\*)(?:\.(?:[-/=_A-Za-z0-9]+|\*))*(?:\.>)?|>)$/

/** Throws `SUBJECT_INVALID` unless the subject may be published to. */
export function assertSubject(subject: string): void {
  const fault = subjectFault(subject, false)
  if (fault !== undefined) throw invalidSubject(subject, fault)
}

/** Throws `SUBJECT_INVALID` unless the subject may be one of a log's. */
export function assertLogSubject(subject: string): void {
  assertSubject(subject)
  if (firstToken(subject) === INBOX_TOKEN) throw invalidSubject(subject, INBOX_FAULT)
}

/** Throws `SUBJECT_INVALID` unless the subject, with or without wildcards, may be subscribed to. */
export function assertPattern(pattern: string): void {
  const fault = firstToken(pattern) === INBOX_TOKEN ? INBOX_FAULT : subjectFault(pattern, true)
  if (fault !== undefined) throw invalidSubject(pattern, fault)
}

/** Throws TypeError unless the name can name a log, bucket, durable or queue on every driver. */
export function assertName(field: string, name: string): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `${field} must be 1 to 128 letters, digits, '-' or '_'; got ${JSON.stringify(name)}`,
    )
  }
}

/** Throws `KEY_INVALID` unless the key can be stored by every driver. */
export function assertKey(key: string): void {
  if (key.length > MAX_SUBJECT_LENGTH || !KEY.test(key)) throw invalidKey(key)
}

/** Throws `KEY_INVALID` unless the filter is a key, wildcards allowed. */
export function assertKeyPattern(pattern: string): void {
  if (pattern.length > MAX_SUBJECT_LENGTH || !KEY_PATTERN.test(pattern)) throw invalidKey(pattern)
}

/**
 * True when the subject is one of those that the pattern means: `*` is one token, `>` one or more.
 *
 * @example
 * ```ts
 * matchesSubject('orders.*.paid', 'orders.17.paid') // true
 * ```
 */
export function matchesSubject(pattern: string, subject: string): boolean {
  const wildFirst = pattern.charCodeAt(0) === STAR || pattern.charCodeAt(0) === GREATER
  return (
    !(wildFirst && isReservedToken(firstToken(subject))) && createSubjectFilter(pattern)(subject)
  )
}

/** Compiles a pattern into a predicate over subjects that have no reserved first token. */
export function createSubjectFilter(pattern: string): (subject: string) => boolean {
  if (!pattern.includes('*') && !pattern.includes('>')) return (subject) => subject === pattern
  const wanted = pattern.split('.')
  const open = wanted.at(-1) === '>'
  const fixed = open ? wanted.length - 1 : wanted.length
  return (subject) => {
    const tokens = subject.split('.')
    if (open ? tokens.length <= fixed : tokens.length !== fixed) return false
    for (let index = 0; index < fixed; index += 1) {
      if (wanted[index] !== '*' && wanted[index] !== tokens[index]) return false
    }
    return true
  }
}

/** True for the first tokens that no wildcard matches. */
export function isReservedToken(token: string): boolean {
  return token.charCodeAt(0) === DOLLAR || token === INBOX_TOKEN
}

/** What is wrong with a subject, or undefined. */
function subjectFault(subject: string, wildcards: boolean): string | undefined {
  if (typeof subject !== 'string' || subject.length === 0) return 'it is empty'
  if (subject.length > MAX_SUBJECT_LENGTH) return `it is longer than ${MAX_SUBJECT_LENGTH}`
  if (subject.charCodeAt(0) === DOLLAR) return "a leading '$' belongs to the driver"
  let tokenStart = 0
  let wildcard = 0
  for (let index = 0; index <= subject.length; index += 1) {
    const code = index === subject.length ? DOT : subject.charCodeAt(index)
    if (code === DOT) {
      if (index === tokenStart) return 'a token is empty'
      if (wildcard !== 0) {
        if (!wildcards) return 'wildcards are for subscriptions'
        if (index - tokenStart > 1) return "'*' and '>' stand alone in a token"
        if (wildcard === GREATER && index < subject.length) return "'>' stands last"
      }
      tokenStart = index + 1
      wildcard = 0
    } else if (code === STAR || code === GREATER) {
      wildcard = code
    } else if (code <= SPACE || code === DELETE) {
      return 'it has a space or control character'
    }
  }
  return undefined
}

function firstToken(subject: string): string {
  const dot = subject.indexOf('.')
  return dot === -1 ? subject : subject.slice(0, dot)
}

function invalidSubject(subject: string, fault: string): TransportError {
  return new TransportError('SUBJECT_INVALID', `subject ${quote(subject)}: ${fault}`)
}

function invalidKey(key: string): TransportError {
  return new TransportError(
    'KEY_INVALID',
    `key ${quote(key)}: use letters, digits and -_/= in tokens joined by dots`,
  )
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
