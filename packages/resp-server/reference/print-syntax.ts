import type { Argument } from '../src/commands/syntax.ts'

/** What a command takes, in the notation of Redis' manual. */
export const printSyntax = (found: readonly Argument[]): string => found.map(printed).join(' ')

function printed(argument: Argument): string {
  const { type, flags } = argument
  const isOptional = flags.includes('optional')
  const text = repeated(argument)
  if (isOptional) return `[${text}]`
  return type === 'oneof' && argument.token === undefined && !flags.includes('multiple')
    ? `<${text}>`
    : text
}

function repeated(argument: Argument): string {
  const { type, token, flags } = argument
  const body = bodyOf(argument)
  const head = token === undefined || type === 'pure-token' ? '' : `${token} `
  // alternatives after a token, and what is repeated, need brackets of their own
  const isMany = flags.includes('multiple')
  const isWide = type === 'oneof' || (type === 'block' && /[[|]/.test(body))
  const once = (type === 'oneof' && head !== '') || (isWide && isMany) ? `<${body}>` : body
  if (!isMany) return head + once
  if (isWide) return `${head}${once} [...]`
  return `${head}${once} [${flags.includes('multiple_token') ? head : ''}${once} ...]`
}

function bodyOf({ name, type, token, arguments: parts = [] }: Argument): string {
  if (type === 'oneof') return parts.map((part) => bare(printed(part), part)).join(' | ')
  if (type === 'block') return printSyntax(parts)
  if (type === 'pure-token') return token === '' ? '""' : String(token)
  return name
}

/** An alternative that may be left out is as good as one that may not: the whole may be. */
const bare = (text: string, { flags }: Argument): string =>
  flags.includes('optional') ? text.slice(1, -1) : text
