import { seededRandom, VirtualClock } from '@ashlar/codec'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'

/** TIER_ROUNDS=500 TIER_SEED=7 for a soak. */
const ROUNDS = Number(process.env['TIER_ROUNDS'] ?? 4)
const SEED = process.env['TIER_SEED'] ?? '20261127'
const STEPS = 1200
const KEYS = 1500
const LIMIT = 10 * 1024
/** What the limit may be missed by between two commands: the last command's own. */
const OVER = 4 * 1024
/** The longest that what is due in the store alone stays there: see docs/tier.md. */
const LATEST_MS = 1500

/** What a string or hash is: its value or fields, and when it expires, or each of them does. */
interface Known {
  readonly type: 'string' | 'hash'
  value: string
  expiry: number
  readonly fields: Map<string, { readonly value: string; readonly expiry: number }>
}

const NEVER = Number.POSITIVE_INFINITY
const settings = { maxmemory: String(LIMIT + 16 * 256), 'maxmemory-policy': 'tier' }

/** A server on a disk that loses what is not synced, and what has to be there. */
class Model {
  readonly clock = new VirtualClock({ startMs: 1_700_000_000_000 })
  readonly #disk: MemoryFileSystem
  readonly #random
  readonly #known = new Map<string, Known>()
  #store: Store | undefined
  #server: RespServer | undefined
  /** Keys and values that have left memory. */
  tiered = 0
  #seen = 0

  constructor(seed: string) {
    this.#disk = memoryFileSystem({ seed: 1 })
    this.#random = seededRandom(seed)
  }

  async open(): Promise<void> {
    this.#store = await Store.open('/data', { fileSystem: this.#disk, clock: this.clock })
    const { clock } = this
    this.#server = await createServer({
      store: this.#store,
      appendFsync: 'always',
      clock,
      config: settings,
    })
  }

  async kill(): Promise<void> {
    this.#disk.powerCut()
    // neither can write what it has left
    await Promise.allSettled([this.#server?.close(), this.#store?.close()])
  }

  async close(): Promise<void> {
    await this.#server?.close()
    await this.#store?.close()
  }

  async step(): Promise<void> {
    const key = `k:${this.#below(KEYS)}`
    const dice = this.#below(100)
    // commands for any key do not look at fields, which may all have expired: this one does
    const isHash = this.#known.get(key)?.type === 'hash'
    if (isHash && dice >= 52 && dice < 69) await this.#run('HLEN', key)
    if (dice < 40) await this.#set(key)
    else if (dice < 52) await this.#setField(key)
    else if (dice < 60) await this.#expire(key)
    else if (dice < 65) await this.#persist(key)
    else if (dice < 69) await this.#delete(key)
    else if (dice < 94) await this.#check(key)
    else if (dice < 99) await this.clock.advance(this.#below(3000))
    else if (this.#below(3) === 0) {
      await this.kill()
      await this.open()
    } else await this.checkAll()
    const inSession = await this.#info('stats', 'ashlar_tiered_values')
    this.tiered += Math.max(0, inSession - this.#seen)
    this.#seen = inSession
    const over = (await this.#info('memory', 'used_memory')) - LIMIT - 16 * 256
    expect(over).toBeLessThan(OVER)
  }

  /** Every key that there is is there, no other, and each as it should be. */
  async checkAll(): Promise<void> {
    const hashes = [...this.#known].filter(([, { type }]) => type === 'hash')
    this.#forgetExpired()
    // a hash whose last field has expired is listed until it is looked at or swept, as by Redis
    const emptied = new Set(hashes.map(([name]) => name).filter((name) => !this.#known.has(name)))
    const listed = (await this.#run('KEYS', '*')) as string[]
    const names = [...this.#known.keys()].sort()
    expect(listed.filter((name) => !emptied.has(name)).sort()).toEqual(names)
    for (const name of [...names, ...emptied]) await this.#check(name)
  }

  /** In time what has expired is gone, though nobody asks for it. */
  async checkSettled(): Promise<void> {
    const fields = [...this.#known.values()].flatMap((known) => [...known.fields.values()])
    const end = Math.max(0, ...[...this.#known.values(), ...fields].map(finiteExpiry))
    for (const until of [this.clock.now() + LATEST_MS, end + LATEST_MS]) {
      await this.clock.advance(Math.max(0, until - this.clock.now() - LATEST_MS))
      this.#forgetExpired()
      await this.clock.advance(LATEST_MS)
      // some more may have become due meanwhile
      const most = this.#known.size
      this.#forgetExpired()
      const size = await this.#run('DBSIZE')
      expect(size).toBeLessThanOrEqual(most)
      expect(size).toBeGreaterThanOrEqual(this.#known.size)
    }
    const expiring = [...this.#known.values()].filter(({ expiry }) => expiry !== NEVER)
    expect([await this.#run('DBSIZE'), expiring]).toEqual([this.#known.size, []])
    const keyspace = (await this.#run('INFO', 'keyspace')) as string
    if (this.#known.size > 0) expect(keyspace).toContain(`keys=${this.#known.size},expires=0,`)
    await this.checkAll()
  }

  async #set(key: string): Promise<void> {
    const value = `${this.#below(1e9)}`.padEnd(this.#below(150), 'x')
    const ms = this.#below(3) === 0 ? undefined : 1 + this.#below(120_000)
    await this.#run('SET', key, value, ...(ms === undefined ? [] : ['PX', ms]))
    const expiry = ms === undefined ? NEVER : this.clock.now() + ms
    this.#known.set(key, { type: 'string', value, expiry, fields: new Map() })
  }

  async #setField(key: string): Promise<void> {
    const known = this.#live(key)
    if (known !== undefined && known.type !== 'hash') return
    const [field, value] = [`f${this.#below(3)}`, String(this.#below(1e6))]
    const hash = known ?? { type: 'hash', value: '', expiry: NEVER, fields: new Map() }
    await this.#run('HSET', key, field, value)
    this.#known.set(key, hash)
    hash.fields.set(field, { value, expiry: NEVER })
    if (this.#below(2) === 0) return
    const ms = 1 + this.#below(60_000)
    expect(await this.#run('HPEXPIRE', key, ms, 'FIELDS', 1, field)).toEqual([1])
    hash.fields.set(field, { value, expiry: this.clock.now() + ms })
  }

  async #expire(key: string): Promise<void> {
    const known = this.#live(key)
    const ms = 1 + this.#below(90_000)
    expect(await this.#run('PEXPIRE', key, ms)).toBe(known === undefined ? 0 : 1)
    if (known !== undefined) known.expiry = this.clock.now() + ms
  }

  async #persist(key: string): Promise<void> {
    const known = this.#live(key)
    const had = known !== undefined && known.expiry !== NEVER
    expect(await this.#run('PERSIST', key)).toBe(had ? 1 : 0)
    if (known !== undefined) known.expiry = NEVER
  }

  async #delete(key: string): Promise<void> {
    expect(await this.#run('DEL', key)).toBe(this.#live(key) === undefined ? 0 : 1)
    this.#known.delete(key)
  }

  async #check(key: string): Promise<void> {
    const known = this.#live(key)
    const ttl = known === undefined ? -2 : known.expiry === NEVER ? -1 : known.expiry
    expect(await this.#run('PEXPIRETIME', key)).toBe(ttl)
    if (known?.type !== 'hash') {
      expect(await this.#run('GET', key)).toBe(known?.value)
      return
    }
    const found = await this.#run('HGETALL', key)
    expect(found).toEqual(new Map([...known.fields].map(([field, { value }]) => [field, value])))
  }

  /** What the key is now, without what has expired. */
  #live(key: string): Known | undefined {
    const known = this.#known.get(key)
    if (known === undefined) return undefined
    const now = this.clock.now()
    for (const [field, { expiry }] of known.fields) {
      if (expiry <= now) known.fields.delete(field)
    }
    const isEmpty = known.type === 'hash' && known.fields.size === 0
    if (known.expiry >= now && !isEmpty) return known
    this.#known.delete(key)
    return undefined
  }

  #forgetExpired(): void {
    for (const key of this.#known.keys()) this.#live(key)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #run(...args: (string | number)[]): Promise<unknown> {
    if (this.#server === undefined) throw new Error('not open')
    return this.#server.execute(args as [string, ...(string | number)[]])
  }

  async #info(section: string, field: string): Promise<number> {
    const text = (await this.#run('INFO', section)) as string
    return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1])
  }
}

const finiteExpiry = ({ expiry }: { readonly expiry: number }): number =>
  expiry === NEVER ? 0 : expiry

test(`tier with expiry is as if all were in memory, killed or not, seed ${SEED}`, {
  timeout: 20_000 + ROUNDS * 10_000,
}, async () => {
  let tiered = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const model = new Model(`${SEED} tier ${round}`)
    await model.open()
    for (let step = 0; step < STEPS; step += 1) await model.step()
    await model.kill()
    await model.open()
    await model.checkSettled()
    tiered += model.tiered
    await model.close()
  }
  expect(tiered).toBeGreaterThan(ROUNDS * STEPS)
})
