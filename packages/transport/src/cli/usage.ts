/** What went wrong in how the command was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const HELP = `Usage: ashlar-transport <command> [options]

Messages (nats only: those of an embedded store do not leave their process)
  pub <subject> [payload]            publish; without a payload standard input is read
      --header name=value  --reply <subject>
  sub <pattern>                      print what comes until --count or Ctrl-C
      --queue <group>  --count <n>
  request <subject> [payload]        ask and print the answer
      --header name=value  --timeout <ms>

Logs
  log tail <log>                     print messages, oldest first
      --subject <pattern>  --from <sequence>  --limit <n>  --follow
  log append <log> <subject> [payload]
      --message-id <id>  --header name=value
  log info <log>

Key-value
  kv get <bucket> <key>              kv put <bucket> <key> [value]  [--revision <n>]
  kv delete <bucket> <key>           kv keys <bucket> [pattern]
  kv watch <bucket> [pattern]  --count <n>

  bench                              messages, requests and appends per second, from here
      --messages <n>  --size <bytes>

Options of all
  --transport nats://host:port[,...] | embedded:<dir>
                                     default: ASHLAR_TRANSPORT, or nats://127.0.0.1:4222
  --domain <name>                    JetStream domain
  --json                             one JSON object per line
  --help  --version

Secrets come from the environment: NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY (a seed), or
NATS_CREDS (path of a creds file); NATS_CA, NATS_CERT and NATS_KEY are paths of PEM files.

Exit codes: 0 done, 1 failed, 2 called wrongly, 3 not there (key, log, or nobody to answer).`
