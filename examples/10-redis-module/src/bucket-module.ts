import {
  keyAt,
  type Module,
  type ModuleCall,
  type ModuleHost,
  type ModuleKey,
  ReplyError,
} from '@ashlar/resp-server'
import { BUCKET, type Bucket, fill, timeUntil } from './bucket-type.ts'

/** Rate limits as values of keys: BUCKET.RESERVE, BUCKET.TAKE, BUCKET.WAIT, BUCKET.INFO. */
export function bucketModule(): Module {
  const stats = { taken: 0, refused: 0, waited: 0 }
  return {
    name: 'bucket',
    version: 10_000,
    types: [BUCKET],
    categories: ['bucket'],
    parameters: [
      {
        name: 'max-capacity',
        default: '1000000',
        check: (value) => (/^[1-9]\d{0,11}$/.test(value) ? undefined : 'must be a whole number'),
      },
    ],
    info: { stats: () => stats },
    commands: [
      {
        name: 'bucket.reserve',
        arity: 4,
        flags: ['write', 'denyoom', 'fast'],
        keys: [keyAt(1, 'OW', 'update')],
        categories: ['bucket'],
        summary: 'Makes a full bucket of a capacity that gains so many tokens per second.',
        handler({ keys, host, reply }, [, key = '', capacity, perSecond]) {
          const limit = Number(host.parameter('max-capacity'))
          const size = positive(capacity)
          if (size > limit) throw new ReplyError(`ERR a bucket holds ${limit} tokens at most`)
          const found = keys.open(key, BUCKET)
          const bucket = found.create()
          const rate = positive(perSecond)
          Object.assign(bucket, { capacity: size, perSecond: rate, tokens: size, at: keys.now })
          found.changed('bucket.reserve')
          reply.ok()
        },
      },
      {
        name: 'bucket.take',
        arity: 3,
        syntax: 'key count',
        flags: ['write', 'fast'],
        keys: [keyAt(1, 'RW', 'access', 'update')],
        categories: ['bucket'],
        summary: 'Takes tokens if there are enough; tells how long it takes until there are.',
        handler(call, [, key = '', text]) {
          const count = positive(text)
          const { found, bucket } = open(call, key, count)
          const isTaken = take(found, bucket, count)
          if (isTaken) stats.taken += count
          else stats.refused += 1
          call.reply.map(3)
          call.reply.bulk('taken')
          call.reply.boolean(isTaken)
          call.reply.bulk('tokens')
          call.reply.integer(Math.floor(bucket.tokens))
          call.reply.bulk('retry-after-ms')
          call.reply.integer(isTaken ? 0 : timeUntil(bucket, count))
        },
      },
      {
        name: 'bucket.wait',
        arity: 4,
        flags: ['write', 'blocking'],
        keys: [keyAt(1, 'RW', 'access', 'update')],
        categories: ['bucket'],
        summary: 'Takes tokens, and waits for them in turn; answers 0 when time is up.',
        handler(call, [, key = '', text, seconds]) {
          const count = positive(text)
          open(call, key, count)
          call.waitForKeys({
            keys: [key],
            timeoutMs: Number(seconds) * 1000,
            serve() {
              const { found, bucket } = open(call, key, count)
              if (!take(found, bucket, count)) {
                wakeLater(call.host, key, timeUntil(bucket, count))
                return false
              }
              stats.taken += count
              stats.waited += 1
              call.reply.integer(count)
              return true
            },
            timedOut: () => call.reply.integer(0),
          })
        },
      },
    ],
  }
}

function positive(text = ''): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new ReplyError('ERR value is not a number above zero')
}

/** The bucket as it is now; there must be one that can ever hold so many tokens. */
function open(
  { keys }: ModuleCall,
  key: string,
  count: number,
): { readonly found: ModuleKey<Bucket>; readonly bucket: Bucket } {
  const found = keys.open(key, BUCKET)
  const bucket = found.value
  if (bucket === undefined) throw new ReplyError('ERR no such bucket')
  if (count > bucket.capacity) throw new ReplyError('ERR the bucket never holds so many tokens')
  fill(bucket, keys.now)
  return { found, bucket }
}

function take(found: ModuleKey<Bucket>, bucket: Bucket, count: number): boolean {
  if (bucket.tokens < count) return false
  bucket.tokens -= count
  found.changed('bucket.take')
  return true
}

/** When the tokens are there, whoever waits for the key looks again. */
function wakeLater(host: ModuleHost, key: string, delayMs: number): void {
  host.setTimer(delayMs, (keys) => keys.signal(key))
}
