import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { expect, it } from 'vitest'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

/** Makes, fills and drops keyspaces; `reached` hears of each step that was acknowledged. */
async function script(fileSystem: object, reached: (step: number) => void): Promise<void> {
  const store = await Store.open('/s', { fileSystem: fileSystem as never, sync: 'always' })
  try {
    const counts = await store.keyspace('counts', { merge: 'append' })
    reached(1)
    await store.write(store.batch().put('k', '1').merge('n', 'a', { keyspace: counts }))
    reached(2)
    await store.flush()
    await counts.merge('n', 'b')
    reached(3)
    await counts.drop()
    reached(4)
    const again = await store.keyspace('counts', { merge: 'max' })
    await again.merge('n', 'z')
    reached(5)
    await store.compact()
  } finally {
    await store.close().catch(() => {})
  }
}

async function cutAt(index: number): Promise<boolean> {
  const disk = memoryFileSystem()
  let step = 0
  let dead = false
  const doomed = faultyFileSystem(disk, (call) => {
    if (call.index === index) {
      disk.powerCut()
      dead = true
    }
    return dead ? 'EIO' : undefined
  })
  await script(doomed, (reached) => {
    step = reached
  }).catch(() => {})
  if (!dead) disk.powerCut()
  await using store = await Store.open('/s', { fileSystem: disk })
  if ([1, 2, 5].includes(step)) expect(store.keyspaces, `step ${step}`).toContain('counts')
  if (step >= 2) expect(text(store.getSync('k'))).toBe('1')
  if (store.keyspaces.length === 0) return dead
  const counts = await store.keyspace('counts')
  const possible: Record<number, readonly (string | undefined)[]> = {
    0: [undefined],
    1: [undefined, 'a'],
    2: ['a', 'ab'],
    3: ['ab', undefined],
    4: [undefined, 'z'],
    5: ['z'],
  }
  expect(possible[step], `step ${step}`).toContain(text(counts.getSync('n')))
  return dead
}

it('a power cut at any call leaves keyspaces whole', { timeout: 60_000 }, async () => {
  for (let index = 0; await cutAt(index); index++);
})
