// A shop on two nodes: live prices, an order log worked off by two workers, one of which fails,
// configuration that follows its changes, and a leader whose writes are fenced.
import { createRecordCodec } from '@ashlar/codec'
import {
  createMemoryHub,
  isTransportError,
  type Lease,
  memory,
  type Transport,
} from '@ashlar/transport'

interface Order {
  readonly id: number
  readonly item: string
}

const orders = createRecordCodec<Order>({ version: 1 })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

async function livePrices(shop: Transport, desk: Transport): Promise<void> {
  const prices = desk.subscribe('prices.*')
  await desk.flush()
  shop.publish('prices.tea', bytes('3.20'))
  shop.publish('prices.cake', bytes('4.10'))
  for await (const { subject, payload } of prices) {
    console.log(`live: ${subject} is ${text(payload)}`)
    if (subject === 'prices.cake') break
  }
}

async function askForStock(shop: Transport, desk: Transport): Promise<void> {
  shop.respond('stock.*', ({ subject }) => bytes(subject === 'stock.tea' ? '12' : '0'))
  await shop.flush()
  console.log(`asked: ${text((await desk.request('stock.tea', bytes(''))).payload)} teas in stock`)
  try {
    await desk.request('weather', bytes(''))
  } catch (error) {
    if (isTransportError(error, 'NO_RESPONDERS')) console.log('asked: nobody knows the weather')
    else throw error
  }
}

async function takeOrders(shop: Transport): Promise<void> {
  const log = await shop.log('orders', { subjects: ['orders.>'], maxAgeMs: 86_400_000 })
  for (const [index, item] of ['tea', 'cake', 'tea', 'bread'].entries()) {
    const payload = orders.encode({ id: index + 1, item })
    await log.append(`orders.${item}`, payload, { messageId: `order-${index + 1}` })
  }
  // The answer to an append got lost, so the client repeats it: nothing is stored twice.
  const again = await log.append('orders.bread', orders.encode({ id: 4, item: 'bread' }), {
    messageId: 'order-4',
  })
  console.log(`stored: 4 orders, the repeated one is a duplicate of ${again.sequence}`)
}

async function workOff(desk: Transport): Promise<void> {
  const log = await desk.log('orders')
  const worker = await log.consume({ durable: 'kitchen', maxInFlight: 1 })
  for await (const delivery of worker) {
    const { id, item } = orders.decode(delivery.payload)
    if (item === 'cake' && delivery.deliveries === 1) {
      console.log(`kitchen: order ${id}, ${item}: the oven is cold, again in 20 ms`)
      delivery.nak({ delayMs: 20 })
      continue
    }
    console.log(`kitchen: order ${id}, ${item}, delivery ${delivery.deliveries}`)
    await delivery.ack()
    if (id === 4) break
  }
}

async function followConfiguration(shop: Transport, desk: Transport): Promise<void> {
  const settings = await shop.kv('settings', { history: 5 })
  const revision = await settings.create('opening', bytes('9:00'))
  const seen: string[] = []
  const watching = (async () => {
    for await (const { key, value } of (await desk.kv('settings')).watch()) {
      seen.push(`${key}=${text(value)}`)
      if (seen.length === 2) break
    }
  })()
  await new Promise((resolve) => setImmediate(resolve))
  await settings.update('opening', bytes('8:30'), revision)
  await watching
  console.log(`watched: ${seen.join(', then ')}`)
  try {
    await settings.update('opening', bytes('7:00'), revision)
  } catch (error) {
    if (!isTransportError(error, 'KV_CONFLICT')) throw error
    console.log(`refused: revision ${revision} is history, the last one is ${error.actual}`)
  }
}

/** A store that refuses writers whose fencing token is older than one it has seen. */
class Till {
  #newest = 0

  write(lease: Lease, what: string): void {
    if (lease.epoch < this.#newest) {
      console.log(`till: refused "${what}" of ${lease.owner}, its epoch has passed`)
      return
    }
    this.#newest = lease.epoch
    console.log(`till: "${what}" of ${lease.owner}`)
  }
}

async function leadAndFence(shop: Transport, desk: Transport): Promise<void> {
  const till = new Till()
  const first = await shop.lease('leases', 'till', { owner: 'shop', ttlMs: 60 })
  if (first === undefined) throw new Error('the lease is free at first')
  till.write(first, 'open')
  // The shop stalls and does not renew; the desk waits until it may take over.
  const second = await desk.lease('leases', 'till', { owner: 'desk', ttlMs: 60_000, waitMs: 5_000 })
  if (second === undefined) throw new Error('the lease ran out')
  till.write(second, 'close')
  till.write(first, 'one more sale')
  console.log(`lease: shop holds it: ${first.held}, desk holds it: ${second.held}`)
}

const hub = createMemoryHub()
await using shop = memory({ hub })
await using desk = memory({ hub })
await livePrices(shop, desk)
await askForStock(shop, desk)
await takeOrders(shop)
await workOff(desk)
await followConfiguration(shop, desk)
await leadAndFence(shop, desk)
