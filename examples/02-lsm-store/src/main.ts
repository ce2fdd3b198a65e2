// A shop's stock in one store: it survives a power cut, reports from a snapshot, and feeds an index.
import { isStoreError, memoryFileSystem, Store } from '@ashlar/lsm-store'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

// A disk in memory that can lose its power. Leave it out and the store is on the real one.
const disk = memoryFileSystem()
const options = { fileSystem: disk, sync: 'interval' } as const

let shop = await Store.open('/shop', options)
await shop.put('stock:tea', '12', { sync: 'always' })
await shop.put('stock:milk', '3', { sync: 'always' })

console.log('a sale is one batch: the stock and the receipt, or neither')
await shop.write(shop.batch().put('stock:tea', '11').put('sale:0001', 'tea'), { sync: 'always' })

console.log('a sale that is written but not synced yet, and the power goes')
await shop.write(shop.batch().put('stock:milk', '2').put('sale:0002', 'milk'))
disk.powerCut()
await shop.close().catch((error: unknown) => {
  if (!isStoreError(error)) throw error
  console.log(`  the old process can only give up: ${error.code}`)
})

shop = await Store.open('/shop', options)
console.log(`the shop opens again, at operation ${shop.lastSequence}:`)
for await (const [key, value] of shop.scan()) console.log(`  ${text(key)} ${text(value)}`)

console.log('a report reads one moment, while sales go on and tables are merged')
const evening = shop.snapshot()
await shop.put('stock:tea', '10')
await shop.compact()
const stock = { prefix: 'stock:', snapshot: evening }
for await (const [key, value] of shop.scan(stock)) console.log(`  ${text(key)} ${text(value)}`)
evening.close()

console.log('the last two in stock, from the back:')
for await (const [key] of shop.scan({
  prefix: 'stock:',
  reverse: true,
  limit: 2,
  keysOnly: true,
})) {
  console.log(`  ${text(key)}`)
}

console.log('an index follows the sales, from where it had stopped:')
const controller = new AbortController()
const feed = shop.changes({ since: 2, prefix: 'sale:', live: true, signal: controller.signal })
const follower = (async () => {
  for await (const { sequence, operations } of feed) {
    for (const operation of operations) {
      if (operation.type === 'put') console.log(`  ${sequence}: ${text(operation.key)}`)
    }
    if (sequence >= 6) break
  }
})()
await shop.write(shop.batch().put('sale:0003', 'tea'))
await follower

const { tables, flushes, compactions } = shop.metrics()
console.log(`${tables} table, ${flushes} flush, ${compactions} compaction`)
await shop.close()
