import type { Directive } from './directive.ts'

type Kind = 'number' | 'yesno' | 'text' | 'memory'

/**
 * Directives of Redis that tune what works another way here: they are taken, so that existing
 * configuration files and tools go on working, shown by CONFIG GET, and have no effect.
 */
const INERT: readonly (readonly [name: string, kind: Kind, byDefault: string])[] = [
  ['list-compress-depth', 'number', '0'],
  ['activerehashing', 'yesno', 'yes'],
  ['activedefrag', 'yesno', 'no'],
  ['hz', 'number', '10'],
  ['dynamic-hz', 'yesno', 'yes'],
  ['tcp-backlog', 'number', '511'],
  ['io-threads', 'number', '1'],
  ['io-threads-do-reads', 'yesno', 'no'],
  ['jemalloc-bg-thread', 'yesno', 'yes'],
  ['lazyfree-lazy-eviction', 'yesno', 'no'],
  ['lazyfree-lazy-expire', 'yesno', 'no'],
  ['lazyfree-lazy-server-del', 'yesno', 'no'],
  ['lazyfree-lazy-user-del', 'yesno', 'no'],
  ['lazyfree-lazy-user-flush', 'yesno', 'no'],
  ['replica-lazy-flush', 'yesno', 'no'],
  ['active-expire-effort', 'number', '1'],
  ['maxmemory-eviction-tenacity', 'number', '10'],
  ['aof-use-rdb-preamble', 'yesno', 'yes'],
  ['aof-rewrite-incremental-fsync', 'yesno', 'yes'],
  ['rdb-save-incremental-fsync', 'yesno', 'yes'],
  ['no-appendfsync-on-rewrite', 'yesno', 'no'],
  ['auto-aof-rewrite-percentage', 'number', '100'],
  ['auto-aof-rewrite-min-size', 'memory', '67108864'],
  ['rdbcompression', 'yesno', 'yes'],
  ['rdbchecksum', 'yesno', 'yes'],
  ['stop-writes-on-bgsave-error', 'yesno', 'yes'],
  ['sanitize-dump-payload', 'text', 'no'],
  ['repl-diskless-sync', 'yesno', 'yes'],
  ['repl-diskless-sync-delay', 'number', '5'],
  ['repl-diskless-load', 'text', 'disabled'],
  ['repl-disable-tcp-nodelay', 'yesno', 'no'],
  ['replica-priority', 'number', '100'],
  ['tls-session-caching', 'yesno', 'yes'],
  ['tls-session-cache-size', 'number', '20480'],
  ['tls-session-cache-timeout', 'number', '300'],
  ['loglevel', 'text', 'notice'],
  ['logfile', 'text', ''],
  ['syslog-enabled', 'yesno', 'no'],
  ['pidfile', 'text', ''],
  ['supervised', 'text', 'no'],
  ['always-show-logo', 'yesno', 'no'],
  ['set-proc-title', 'yesno', 'yes'],
  ['proc-title-template', 'text', '{title} {listen-addr} {server-mode}'],
  ['oom-score-adj', 'text', 'no'],
  ['oom-score-adj-values', 'text', '0 200 800'],
  ['disable-thp', 'yesno', 'yes'],
  ['crash-log-enabled', 'yesno', 'yes'],
  ['crash-memcheck-enabled', 'yesno', 'yes'],
  ['enable-protected-configs', 'text', 'no'],
  ['enable-module-command', 'text', 'no'],
  ['propagation-error-behavior', 'text', 'ignore'],
]

const CHECKS: Readonly<Record<Kind, readonly [RegExp, string]>> = {
  number: [/^-?\d+$/, "argument couldn't be parsed into an integer"],
  memory: [/^\d+(?:[kmg]b?|b)?$/i, 'argument must be a memory value'],
  yesno: [/^(?:yes|no)$/, "argument must be 'yes' or 'no'"],
  text: [/^/, ''],
}

function inert(name: string, kind: Kind, byDefault: string): Directive {
  const [pattern, problem] = CHECKS[kind]
  return {
    name,
    setting: 'inert',
    ...(name.includes('replica') && { aliases: [name.replace('replica', 'slave')] }),
    isMutable: true,
    hasNoEffect: true,
    show: ({ inert: values }) => values[name] ?? byDefault,
    apply(settings, words) {
      const value = words.join(' ')
      if (!pattern.test(value)) return problem
      settings.inert = { ...settings.inert, [name]: value }
      return undefined
    },
  }
}

export const INERT_DIRECTIVES: readonly Directive[] = INERT.map((row) => inert(...row))
