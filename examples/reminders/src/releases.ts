import { setTimeout as sleep } from 'node:timers/promises'
import type { HandlerMap, RunContext } from '@ashlar/scheduler-core'

/** What the service writes, one JSON object a line. */
export type Line =
  | { readonly listening: string }
  | {
      readonly reminded: {
        readonly to: string
        readonly text: string
        readonly lateMs: number
        /** Grows from each reminder of a person to the next, whichever process sends it. */
        readonly fence: number
      }
    }

export function print(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The mail gateway takes its time: a kill finds some reminders under way. */
const GATEWAY_MS = 5

async function send(text: string, { task, fence }: RunContext): Promise<void> {
  await sleep(GATEWAY_MS)
  const { key: to = '', dueAt } = task
  print({ reminded: { to, text, lateMs: Date.now() - dueAt, fence } })
}

const firstRemind = {
  run: (text: string, context: RunContext): Promise<void> => send(text, context),
}

const secondRemind = {
  version: 2,
  upgrade: { 1: (text: string) => ({ text, channel: 'mail' }) },
  run: ({ text, channel }: { text: string; channel: string }, context: RunContext): Promise<void> =>
    send(`${text} by ${channel}`, context),
}

/** The deploys of this service: the second knows a newer payload, the third has lost its handler. */
const releases: Readonly<Record<string, HandlerMap>> = {
  first: { remind: firstRemind },
  second: { remind: secondRemind },
  forgetful: {},
}

export function releaseOf(name = 'first'): HandlerMap {
  const handlers = releases[name]
  if (handlers === undefined) throw new RangeError(`no release is called ${name}`)
  return handlers
}
