/** What went wrong in how the command was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options that all commands have. */
export const COMMON_FLAGS: readonly string[] = ['transport', 'domain', 'json', 'help', 'version']

/** How a command is called. */
export interface Usage {
  readonly form: string
  readonly about: string
  /** The words after the command: those that must be there, and how many more may be. */
  readonly words: readonly string[]
  readonly moreWords?: number
  /** Its own options, with what stands after each in the help. */
  readonly flags?: Readonly<Record<string, string>>
  /** Goes on until it is interrupted, which is then no failure; or only with this option. */
  readonly follows?: boolean | string
  /** Ends by itself when it is interrupted, because it has something to put away. */
  readonly tidies?: boolean
}

const HEADER = { header: ' name=value' }
const LOG = "the log's name"
const BUCKET = "the bucket's name"

/** All commands, in the order of the help. */
export const USAGES: Readonly<Record<string, Usage>> = {
  pub: {
    form: '<subject> [payload]',
    about: 'publish; without a payload standard input is read',
    words: ['the subject'],
    moreWords: 1,
    flags: { ...HEADER, reply: ' <subject>' },
  },
  sub: {
    form: '<pattern>',
    about: 'print what comes until --count or Ctrl-C',
    words: ['the pattern'],
    flags: { queue: ' <group>', count: ' <n>' },
    follows: true,
  },
  request: {
    form: '<subject> [payload]',
    about: 'ask and print the answer',
    words: ['the subject'],
    moreWords: 1,
    flags: { ...HEADER, timeout: ' <ms>' },
  },
  'log tail': {
    form: '<log>',
    about: 'print messages, oldest first; --follow goes on until Ctrl-C',
    words: [LOG],
    flags: { subject: ' <pattern>', from: ' <sequence>', limit: ' <n>', follow: '' },
    follows: 'follow',
  },
  'log append': {
    form: '<log> <subject> [payload]',
    about: 'append and print the sequence',
    words: [LOG, 'the subject'],
    moreWords: 1,
    flags: { 'message-id': ' <id>', ...HEADER },
  },
  'log info': { form: '<log>', about: 'print sequences and sizes', words: [LOG] },
  'kv get': { form: '<bucket> <key>', about: 'print the value', words: [BUCKET, 'the key'] },
  'kv put': {
    form: '<bucket> <key> [value]',
    about: 'print the revision; a bucket that is not there is created',
    words: [BUCKET, 'the key'],
    moreWords: 1,
    flags: { revision: ' <n>' },
  },
  'kv delete': {
    form: '<bucket> <key>',
    about: 'remove the key',
    words: [BUCKET, 'the key'],
    flags: { revision: ' <n>' },
  },
  'kv keys': { form: '<bucket> [pattern]', about: 'print them', words: [BUCKET], moreWords: 1 },
  'kv watch': {
    form: '<bucket> [pattern]',
    about: 'print what is there and what changes until --count or Ctrl-C',
    words: [BUCKET],
    moreWords: 1,
    flags: { count: ' <n>' },
    follows: true,
  },
  bench: {
    form: '',
    about: 'messages, requests and appends per second, from here',
    words: [],
    flags: { messages: ' <n>', size: ' <bytes>' },
    tidies: true,
  },
}

const COMMON = `Options of all
  --transport nats://host:port[,...] | embedded:<dir>
                                     default: ASHLAR_TRANSPORT, or nats://127.0.0.1:4222
  --domain <name>                    JetStream domain
  --json                             one JSON object per line
  --help  --version

Messages need nats://: those of an embedded store do not leave their process.

Secrets come from the environment: NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY (a seed), or
NATS_CREDS (path of a creds file); NATS_CA, NATS_CERT and NATS_KEY are paths of PEM files.

Exit codes: 0 done, also when sub, kv watch and log tail --follow are interrupted; 1 failed;
2 called wrongly; 3 not there (key, bucket, log, or nobody to answer); 130 and 143 interrupted by
Ctrl-C and SIGTERM before it was done.`

/** The help of all commands, or of those whose names begin with these words. */
export function helpOf(words: readonly string[] = []): string {
  const named = words.slice(0, 2).join(' ')
  const isMeant = (name: string): boolean =>
    named === name || name.startsWith(`${named} `) || named.startsWith(`${name} `)
  const names = Object.keys(USAGES)
  const chosen = names.some(isMeant) ? names.filter(isMeant) : names
  const blocks = chosen.map((name) => blockOf(name, USAGES[name] as Usage)).join('\n')
  const head = chosen.length === 1 ? chosen[0] : '<command>'
  return `Usage: ashlar-transport ${head} [options]\n\n${blocks}\n\n${COMMON}`
}

function blockOf(name: string, { form, about, flags = {} }: Usage): string {
  const options = Object.entries(flags).map(([flag, value]) => `--${flag}${value}`)
  const line = `  ${`${name} ${form}`.trim().padEnd(34)} ${about}`
  return options.length === 0 ? line : `${line}\n      ${options.join('  ')}`
}
