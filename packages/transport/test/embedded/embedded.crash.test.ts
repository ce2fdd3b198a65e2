import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded, type Transport } from '@ashlar/transport'
import { expect, test } from 'vitest'

/** Kills of the process; more for a longer soak. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 6)

/** What the child said was acknowledged; its last words may be lost with it. */
class Ledger {
  readonly appended: Set<number> = new Set()
  readonly acked: Set<number> = new Set()
  counted = 0
  heard = 0

  hear([what, value]: readonly [string, number]): void {
    this.heard += 1
    if (what === 'append') {
      expect(this.appended.has(value)).toBe(false)
      this.appended.add(value)
    } else if (what === 'ack') {
      expect(this.acked.has(value)).toBe(false)
      this.acked.add(value)
    } else if (what === 'count') {
      expect(value).toBeGreaterThan(this.counted)
      this.counted = value
    }
  }
}

async function killAfter(child: ChildProcess, ledger: Ledger, messages: number): Promise<void> {
  const enough = Promise.withResolvers<void>()
  const target = ledger.heard + messages
  child.on('message', (message: [string, number]) => {
    ledger.hear(message)
    if (ledger.heard >= target) enough.resolve()
  })
  const closed = once(child, 'close')
  await Promise.race([enough.promise, closed])
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
  await closed
}

async function check(transport: Transport, ledger: Ledger): Promise<void> {
  const log = await transport.log('work')
  const there = new Map<number, string>()
  for await (const { sequence, payload } of log.read()) {
    there.set(sequence, new TextDecoder().decode(payload))
  }
  for (const sequence of ledger.appended) expect(there.has(sequence)).toBe(true)
  const { lastSequence, messages, firstSequence } = await log.info()
  expect([firstSequence, messages, Math.max(...there.keys())]).toEqual([
    1,
    there.size,
    lastSequence,
  ])
  expect(new Set(there.values()).size).toBe(there.size)
  const entry = await (await transport.kv('state', { history: 3 })).get('n')
  const counted = Number(new TextDecoder().decode(entry?.value))
  expect(counted).toBeGreaterThanOrEqual(ledger.counted)
  ledger.counted = counted
}

async function checkConsumer(transport: Transport, ledger: Ledger): Promise<void> {
  const log = await transport.log('work')
  const consumer = await log.consume({ durable: 'worker', maxInFlight: 16 })
  const { ackFloor, pending } = await consumer.info()
  expect(ackFloor).toBeLessThanOrEqual((await log.info()).lastSequence)
  const again = new Set<number>()
  for await (const { sequence } of consumer) {
    again.add(sequence)
    if (again.size >= Math.min(16, pending)) break
  }
  for (const sequence of again) expect(ledger.acked.has(sequence)).toBe(false)
}

test(`nothing acknowledged is lost by ${ROUNDS} kills, and no sequence is used twice`, async () => {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-crash-'))
  const ledger = new Ledger()
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const file = new URL('./crash-child.ts', import.meta.url)
      const child = fork(file, [path, String(round)])
      await killAfter(child, ledger, 1_000 + 500 * round)
      await using transport = await embedded({ path })
      await check(transport, ledger)
      await checkConsumer(transport, ledger)
    }
    expect(ledger.appended.size).toBeGreaterThan(100)
    expect(ledger.acked.size).toBeGreaterThan(100)
  } finally {
    await rm(path, { recursive: true })
  }
})
