import type { FileSystem } from '@ashlar/lsm-store'
import { NodeClock, SimulatedDisk, Simulation } from '@ashlar/simulation'
import { expect, test } from 'vitest'

async function simulate(run: (world: Simulation) => Promise<void>): Promise<void> {
  const { violation } = await Simulation.run(7, run)
  if (violation !== undefined) throw violation.cause ?? violation
}

test('the clock of a node drifts, steps, and ends with its process', async () => {
  await simulate(async (world) => {
    const clock = new NodeClock(world.clock, { driftPpm: 100_000, offsetMs: 500 })
    const started = world.clock.now()
    const fired: number[] = []
    clock.setTimer(() => fired.push(world.clock.monotonic()), 110)
    await world.sleep(200)
    expect(fired[0]).toBeCloseTo(100)
    expect(clock.monotonic()).toBeCloseTo(220)
    expect(clock.now()).toBe(started + 500 + 220)
    clock.step(-1_000)
    expect(clock.offsetMs).toBeCloseTo(500 + 20 - 1_000)
    clock.setTimer(() => fired.push(0), 10)
    clock.stop()
    await world.sleep(100)
    expect(fired.length).toBe(1)
  })
})

function writeFile(files: FileSystem, path: string, text: string): ReturnType<FileSystem['open']> {
  const file = files.open(path, 'create')
  file.write(Buffer.from(text), 0, text.length, 0)
  return file
}

test('a killed process leaves what it wrote; a power cut what it synced', async () => {
  await simulate(async (world) => {
    const disk = new SimulatedDisk(world, 'd')
    const first = disk.mount()
    first.makeDirectory('/x')
    const synced = writeFile(first, '/x/synced', 'here')
    await synced.sync()
    await first.syncDirectory('/x')
    writeFile(first, '/x/written', 'there')
    disk.kill()
    expect(() => first.list('/x')).toThrow('the process is gone')
    const second = disk.mount()
    expect(second.list('/x')).toEqual(['synced', 'written'])
    disk.powerCut()
    const third = disk.mount()
    expect(third.list('/x')).toContain('synced')
    expect(third.open('/x/synced', 'read').size()).toBe(4)
  })
})

test('a sync that was under way when the process ended is never answered', async () => {
  await simulate(async (world) => {
    const disk = new SimulatedDisk(world, 'd')
    const files = disk.mount()
    files.makeDirectory('/x')
    let answered = false
    const file = writeFile(files, '/x/f', 'text')
    void file.sync().then(() => {
      answered = true
    })
    disk.powerCut()
    await world.sleep(1_000)
    expect(answered).toBe(false)
  })
})

test('faults hit the calls that they are for, until they end', async () => {
  await simulate(async (world) => {
    const disk = new SimulatedDisk(world, 'd')
    const files = disk.mount()
    files.makeDirectory('/x')
    const file = writeFile(files, '/x/f', 'text')
    disk.misbehave({ fault: 'EIO', calls: ['sync'] })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
    expect(file.write(Buffer.from('more'), 0, 4, 4)).toBe(4)
    disk.misbehave(undefined)
    await file.sync()
    expect(file.size()).toBe(8)
  })
})
