import { drawEvents, type Plan } from '../../scenario/scenario.ts'
import type { Dice } from '../../world/dice.ts'
import type { Command } from './model.ts'

export interface RespSettings {
  readonly appendFsync: 'always' | 'everysec'
  readonly memtableBytes: number
}

export type RespEvent = { readonly atMs: number } & (
  | { readonly do: 'run'; readonly client: number; readonly commands: readonly Command[] }
  | { readonly do: 'compare' | 'restart' }
  | { readonly do: 'kill' | 'power-cut'; readonly downMs: number }
  | { readonly do: 'disk-fault'; readonly code: 'EIO' | 'ENOSPC' }
)

export const SPAN_MS = 8_000
export const CLIENTS = 3
const PAIR = ['p1', 'p2'] as const
const SCRIPT = "redis.call('set', KEYS[1], ARGV[1]) redis.call('set', KEYS[2], ARGV[1]) return 1"

export function drawPlan(dice: Dice): Plan<RespSettings, RespEvent> {
  return {
    settings: {
      appendFsync: dice.pick(['always', 'always', 'everysec']),
      memtableBytes: dice.pick([4096, 65_536]),
    },
    events: drawEvents(dice, dice.int(30, 150), SPAN_MS, (atMs) => drawEvent(dice, atMs)),
  }
}

function drawEvent(dice: Dice, atMs: number): RespEvent {
  const kind = dice.weighted({
    command: 40,
    transaction: 10,
    script: 5,
    compare: 3,
    restart: 1,
    kill: 2,
    'power-cut': 3,
    'disk-fault': 0.5,
  })
  if (kind === 'kill' || kind === 'power-cut') return { atMs, do: kind, downMs: dice.int(0, 100) }
  if (kind === 'compare' || kind === 'restart') return { atMs, do: kind }
  if (kind === 'disk-fault') return { atMs, do: kind, code: dice.pick(['EIO', 'ENOSPC'] as const) }
  const client = dice.int(0, CLIENTS - 1)
  if (kind === 'command') return { atMs, do: 'run', client, commands: [drawCommand(dice)] }
  const value = String(dice.int(0, 1e6))
  if (kind === 'script') {
    return { atMs, do: 'run', client, commands: [['EVAL', SCRIPT, '2', ...PAIR, value]] }
  }
  const pair = PAIR.map((key) => ['SET', key, value])
  const others = Array.from({ length: dice.int(0, 4) }, () => drawCommand(dice))
  return { atMs, do: 'run', client, commands: [...others, ...pair] }
}

function drawCommand(dice: Dice): Command {
  const n = dice.int(0, 3)
  const word = dice.chance(0.1) ? 'x'.repeat(dice.int(100, 2_000)) : `v${dice.int(0, 50)}`
  switch (dice.int(0, 13)) {
    case 0:
    case 1:
      return ['SET', `s${n}`, word]
    case 2:
      return ['APPEND', `s${n}`, word]
    case 3:
      return ['INCRBY', `n${n}`, String(dice.int(-5, 5))]
    case 4:
    case 5:
      return ['RPUSH', `l${n}`, word]
    case 6:
      return ['LPOP', `l${n}`]
    case 7:
    case 8:
      return ['HSET', `h${n}`, `f${dice.int(0, 9)}`, word]
    case 9:
      return ['HDEL', `h${n}`, `f${dice.int(0, 9)}`]
    case 10:
      return ['SADD', `m${n}`, `v${dice.int(0, 50)}`]
    case 11:
      return ['SREM', `m${n}`, `v${dice.int(0, 50)}`]
    case 12:
      return dice.chance(0.9) ? ['DEL', dice.pick(['s0', 'l0', 'h0', 'm0', 'n0'])] : ['FLUSHDB']
    default:
      // of two of a kind, so that types stay what the other commands expect
      return ['RENAME', `h${n}`, `h${dice.int(0, 3)}`]
  }
}
