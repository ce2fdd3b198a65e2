import { EVICTION_POLICIES } from '../keyspace/eviction.ts'
import { formatEventMask, parseEventMask } from '../keyspace/notifications.ts'
import type { AppendFsync } from '../persistence/durability.ts'
import { splitInline } from '../protocol/inline.ts'
import { type Directive, fixed, integer, parseMemory, text, yesNo } from './directive.ts'
import { INERT_DIRECTIVES } from './inert-directives.ts'
import { MOVE_IN_DIRECTIVES } from './move-in-directives.ts'
import { REPLICATION_DIRECTIVES } from './replication-directives.ts'
import { DEFAULT_SAVE, type OutputLimit, type SaveRule } from './settings.ts'
import { TLS_DIRECTIVES } from './tls-directives.ts'

const LIMIT_CLASSES = {
  normal: 'normalOutputLimit',
  replica: 'replicaOutputLimit',
  slave: 'replicaOutputLimit',
  pubsub: 'pubsubOutputLimit',
} as const

const showLimit = (limit: OutputLimit): string =>
  `${limit.hardBytes} ${limit.softBytes} ${limit.softSeconds}`

const outputLimits: Directive = {
  name: 'client-output-buffer-limit',
  setting: 'normalOutputLimit',
  isMutable: true,
  show: (settings) =>
    `normal ${showLimit(settings.normalOutputLimit)} ` +
    `slave ${showLimit(settings.replicaOutputLimit)} ` +
    `pubsub ${showLimit(settings.pubsubOutputLimit)}`,
  apply(settings, given) {
    const words = given.length === 1 ? (splitInline(given[0] as string) ?? []) : given
    if (words.length === 0 || words.length % 4 !== 0) {
      return 'Wrong number of arguments in buffer limit configuration.'
    }
    const changes: [keyof typeof LIMIT_CLASSES, OutputLimit][] = []
    for (let at = 0; at < words.length; at += 4) {
      const [kind, hard, soft, seconds] = words.slice(at, at + 4) as [
        string,
        string,
        string,
        string,
      ]
      if (!Object.hasOwn(LIMIT_CLASSES, kind.toLowerCase())) {
        return 'Invalid client class specified in buffer limit configuration.'
      }
      const hardBytes = parseMemory(hard)
      const softBytes = parseMemory(soft)
      if (hardBytes === undefined || softBytes === undefined || !/^\d+$/.test(seconds)) {
        return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'
      }
      const limit = { hardBytes, softBytes, softSeconds: Number(seconds) }
      changes.push([kind.toLowerCase() as keyof typeof LIMIT_CLASSES, limit])
    }
    for (const [kind, limit] of changes) settings[LIMIT_CLASSES[kind]] = limit
    return undefined
  },
}

const maxmemoryPolicy: Directive = {
  name: 'maxmemory-policy',
  setting: 'maxmemoryPolicy',
  isMutable: true,
  show: (settings) => settings.maxmemoryPolicy,
  apply(settings, [value = '']) {
    const policy = EVICTION_POLICIES.find((one) => one === value)
    if (policy === undefined) {
      return `argument(s) must be one of the following: ${EVICTION_POLICIES.join(', ')}`
    }
    settings.maxmemoryPolicy = policy
    return undefined
  },
}

const maxmemoryClients: Directive = {
  name: 'maxmemory-clients',
  setting: 'maxmemoryClients',
  isMutable: true,
  show: ({ maxmemoryClients: value }) => (value < 0 ? `${-value}%` : `${value}`),
  apply(settings, [text = '']) {
    const percentage = /^\d+%$/.test(text) ? Number(text.slice(0, -1)) : undefined
    if (percentage !== undefined && percentage > 100) {
      return 'percentage argument must be less or equal to 100'
    }
    // 0 % is no limit; there is no -0 to be shown
    const value = percentage === undefined ? parseMemory(text) : 0 - percentage
    if (value === undefined) return 'argument must be a memory or percent value'
    settings.maxmemoryClients = value
    return undefined
  },
}

const latencyPercentiles: Directive = {
  name: 'latency-tracking-info-percentiles',
  setting: 'latencyPercentiles',
  isMutable: true,
  show: (settings) => settings.latencyPercentiles.join(' '),
  apply(settings, words) {
    const given = words.flatMap((word) => splitInline(word) ?? ['?']).map(Number)
    if (given.some((value) => Number.isNaN(value)))
      return 'Invalid latency-tracking-info-percentiles parameters'
    if (given.some((value) => value < 0 || value > 100)) {
      return 'latency-tracking-info-percentiles must be between 0.0 and 100.0'
    }
    settings.latencyPercentiles = given
    return undefined
  },
}

const appendfsync: Directive = {
  name: 'appendfsync',
  setting: 'appendfsync',
  isMutable: true,
  show: (settings) => settings.appendfsync,
  apply(settings, [value = '']) {
    if (!['everysec', 'always', 'no'].includes(value)) {
      return 'argument(s) must be one of the following: everysec, always, no'
    }
    settings.appendfsync = value as AppendFsync
    return undefined
  },
}

const enableDebug: Directive = {
  name: 'enable-debug-command',
  setting: 'enableDebugCommand',
  isMutable: false,
  show: (settings) => settings.enableDebugCommand,
  apply(settings, [value = '']) {
    if (value !== 'yes' && value !== 'no' && value !== 'local') {
      return 'argument(s) must be one of the following: no, yes, local'
    }
    settings.enableDebugCommand = value
    return undefined
  },
}

/** `user <name> <rules>`: may come many times, in configuration files only. */
const user: Directive = {
  name: 'user',
  isHidden: true,
  isMutable: false,
  show: () => '',
  apply(settings, words) {
    if (words.length === 0) return 'wrong number of arguments'
    if (settings.users.some(([name]) => name === words[0])) {
      return 'Duplicate user found. A user can only be defined once in config files'
    }
    settings.users = [...settings.users, words]
    return undefined
  },
}

const aclPubsubDefault: Directive = {
  name: 'acl-pubsub-default',
  setting: 'aclPubsubDefault',
  isMutable: true,
  show: (settings) => settings.aclPubsubDefault,
  apply(settings, [value = '']) {
    if (value !== 'allchannels' && value !== 'resetchannels') {
      return 'argument(s) must be one of the following: allchannels, resetchannels'
    }
    settings.aclPubsubDefault = value
    return undefined
  },
}

const bind: Directive = {
  name: 'bind',
  setting: 'bind',
  isMutable: true,
  show: (settings) => settings.bind.join(' '),
  apply(settings, words) {
    // a dash in front means "if available": addresses are tried as they are
    settings.bind = words
      .flatMap((word) => word.split(/\s+/))
      .map((word) => word.replace(/^-/, ''))
      .filter((word) => word !== '' && word !== '::*')
      .map((word) => (word === '*' ? '0.0.0.0' : word))
    return undefined
  },
}

const save: Directive = {
  name: 'save',
  setting: 'save',
  isMutable: true,
  show: (settings) =>
    settings.save.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' '),
  apply(settings, words) {
    const numbers = words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '')
    const isValid = numbers.length % 2 === 0 && numbers.every((word) => /^\d{1,9}$/.test(word))
    if (!isValid) return 'Invalid save parameters'
    const rules: SaveRule[] = []
    for (let at = 0; at < numbers.length; at += 2) {
      const [seconds, changes] = [Number(numbers[at]), Number(numbers[at + 1])]
      if (seconds < 1) return 'Invalid save parameters'
      rules.push({ seconds, changes })
    }
    // lines of a file add up, and take the place of the defaults; CONFIG SET gives one word
    const isAdded = words.length > 1 && settings.save !== DEFAULT_SAVE
    settings.save = isAdded ? [...settings.save, ...rules] : rules
    return undefined
  },
}

const loadmodule: Directive = {
  name: 'loadmodule',
  setting: 'loadModules',
  isMutable: false,
  isHidden: true,
  show: (settings) => settings.loadModules.join(' '),
  apply(settings, [path = '', ...args]) {
    if (args.length > 0) return 'modules take no arguments, but settings of their own'
    settings.loadModules = [...settings.loadModules, path]
    return undefined
  },
}

const notifications: Directive = {
  name: 'notify-keyspace-events',
  setting: 'notifyKeyspaceEvents',
  isMutable: true,
  show: (settings) => formatEventMask(settings.notifyKeyspaceEvents),
  apply(settings, [value = '']) {
    const mask = parseEventMask(value)
    if (mask === undefined) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
    settings.notifyKeyspaceEvents = mask
    return undefined
  },
}

const UNLIMITED = Number.MAX_SAFE_INTEGER
const MIB = 1024 * 1024

/** Every directive that exists here. What is not in this list is refused, not ignored. */
export const DIRECTIVES: readonly Directive[] = [
  integer('port', 'port', { min: 0, max: 65_535 }),
  bind,
  integer('http-port', 'httpPort', { min: 0, max: 65_535, isMutable: false }),
  loadmodule,
  text('unixsocket', 'unixsocket', false),
  integer('unixsocketperm', 'unixsocketperm', {
    min: 0,
    max: 0o777,
    isMutable: false,
    isOctal: true,
  }),
  text('dir', 'dir', false),
  text('dbfilename', 'dbfilename', false),
  ...MOVE_IN_DIRECTIVES,
  text('backup-dir', 'backupDir', false),
  integer('backup-keep', 'backupKeep', { min: 0, max: UNLIMITED }),
  yesNo('appendonly', 'appendonly', false),
  appendfsync,
  text('requirepass', 'requirepass', true),
  user,
  text('aclfile', 'aclfile', false),
  aclPubsubDefault,
  integer('acllog-max-len', 'aclLogMaxLen', { min: 0, max: UNLIMITED }),
  integer('maxclients', 'maxclients', { min: 1, max: 0xffff_ffff }),
  integer('databases', 'databases', { min: 1, max: 0x7fff_ffff, isMutable: false }),
  integer('busy-reply-threshold', 'busyReplyThreshold', {
    min: 0,
    max: UNLIMITED,
    aliases: ['lua-time-limit'],
  }),
  integer('timeout', 'timeoutSeconds', { min: 0, max: 0x7fff_ffff }),
  integer('tcp-keepalive', 'tcpKeepaliveSeconds', { min: 0, max: 0x7fff_ffff }),
  integer('proto-max-bulk-len', 'protoMaxBulkLen', { min: MIB, max: 512 * MIB, isMemory: true }),
  integer('client-query-buffer-limit', 'clientQueryBufferLimit', {
    min: MIB,
    max: UNLIMITED,
    isMemory: true,
  }),
  outputLimits,
  notifications,
  enableDebug,
  ...(
    [
      ['hash-max-listpack-entries', 'hashMaxListpackEntries', 'hash-max-ziplist-entries'],
      ['hash-max-listpack-value', 'hashMaxListpackValue', 'hash-max-ziplist-value'],
      ['set-max-intset-entries', 'setMaxIntsetEntries'],
      ['set-max-listpack-entries', 'setMaxListpackEntries'],
      ['set-max-listpack-value', 'setMaxListpackValue'],
      ['zset-max-listpack-entries', 'zsetMaxListpackEntries', 'zset-max-ziplist-entries'],
      ['zset-max-listpack-value', 'zsetMaxListpackValue', 'zset-max-ziplist-value'],
    ] as const
  ).map(([name, setting, alias]) =>
    integer(name, setting, { min: 0, max: UNLIMITED, ...(alias && { aliases: [alias] }) }),
  ),
  integer('list-max-listpack-size', 'listMaxListpackSize', {
    min: -5,
    max: 0x7fff_ffff,
    aliases: ['list-max-ziplist-size'],
  }),
  integer('stream-node-max-bytes', 'streamNodeMaxBytes', {
    min: 0,
    max: UNLIMITED,
    isMemory: true,
  }),
  integer('hll-sparse-max-bytes', 'hllSparseMaxBytes', {
    min: 0,
    max: UNLIMITED,
    isMemory: true,
  }),
  integer('stream-node-max-entries', 'streamNodeMaxEntries', { min: 0, max: UNLIMITED }),
  integer('slowlog-log-slower-than', 'slowlogLogSlowerThan', { min: -1, max: UNLIMITED }),
  integer('slowlog-max-len', 'slowlogMaxLen', { min: 0, max: UNLIMITED }),
  integer('latency-monitor-threshold', 'latencyMonitorThreshold', { min: 0, max: UNLIMITED }),
  yesNo('latency-tracking', 'latencyTracking', true),
  latencyPercentiles,
  integer('tracking-table-max-keys', 'trackingTableMaxKeys', { min: 0, max: UNLIMITED }),
  ...INERT_DIRECTIVES,
  save,
  integer('maxmemory', 'maxmemory', { min: 0, max: UNLIMITED, isMemory: true }),
  maxmemoryPolicy,
  maxmemoryClients,
  integer('maxmemory-samples', 'maxmemorySamples', { min: 1, max: 64 }),
  integer('lfu-log-factor', 'lfuLogFactor', { min: 0, max: 0x7fff_ffff }),
  integer('lfu-decay-time', 'lfuDecayTime', { min: 0, max: 0x7fff_ffff }),
  fixed('daemonize', 'no', false),
  ...REPLICATION_DIRECTIVES,
  ...TLS_DIRECTIVES,
  fixed('protected-mode', 'no'),
]

const BY_NAME: ReadonlyMap<string, Directive> = new Map(
  DIRECTIVES.flatMap((directive) =>
    [directive.name, ...(directive.aliases ?? [])].map((name) => [name, directive] as const),
  ),
)

/** A setting of a module: whether there is one, and what it takes, shows when modules are known. */
const moduleParameter = (name: string): Directive => ({
  name,
  setting: 'moduleParameters',
  isMutable: true,
  show: ({ moduleParameters }) => moduleParameters[name] ?? '',
  apply(settings, words) {
    settings.moduleParameters = { ...settings.moduleParameters, [name]: words.join(' ') }
    return undefined
  },
})

/** `<module>.<name>` is found always; `ModuleRegistry.findDirective` tells which there are. */
export const findDirective = (name: string): Directive | undefined =>
  name.includes('.') ? moduleParameter(name) : BY_NAME.get(name.toLowerCase())
