// A process that schedules and runs tasks is killed again and again, at points of its own choosing.
// SCHEDULER_KILLS raises the number of times.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const KILLS = Number(process.env['SCHEDULER_KILLS'] ?? 10)
const CHILD = new URL('./kill-child.ts', import.meta.url)

interface Task {
  readonly n: number
  readonly key: string
  readonly dueAt: number
  acked: boolean
  starts: number
  ended: boolean
  /** A run of it was cut off by the last kill. */
  cutOff: boolean
  /** Which process has scheduled it. */
  readonly life: number
}

test(`after ${KILLS} kills no acknowledged task is lost, early, or out of its key's order`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scheduler-kill-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (let kill = 0; kill < KILLS; kill++) {
    const child = fork(CHILD, [folder, String(kill * 1_000_000)])
    let calls = 40 + ((kill * 37) % 60)
    child.on('message', () => {
      calls -= 1
      if (calls === 0) child.kill('SIGKILL')
    })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
  }
  const last = fork(CHILD, [folder, '0', 'drain'])
  const [code] = await once(last, 'exit')
  expect(code).toBe(0)

  const lines = readFileSync(join(folder, 'diary'), 'utf8').split('\n').filter(Boolean)
  const tasks = new Map<number, Task>()
  const findings = lines.flatMap((line, index) => {
    const finding = check(line, tasks)
    return finding === undefined ? [] : [`line ${index + 1}, ${line}: ${finding}`]
  })
  const acked = [...tasks.values()].filter((task) => task.acked)
  const lost = acked.filter(({ ended }) => !ended).map(({ n }) => n)
  expect({ findings, lost }).toEqual({ findings: [], lost: [] })
  expect(acked.length).toBeGreaterThan(KILLS * 100)
  expect(lines.at(-1)).toBe(
    'closed {"scheduled":0,"waiting":0,"blocked":0,"running":0,"dead":0,"completed":0}',
  )
})

let lives = 0

function check(line: string, tasks: Map<number, Task>): string | undefined {
  const [what, first = '', second = '', third = ''] = line.split(' ')
  const task = tasks.get(Number(first))
  if (what === 'call') {
    const fresh = { acked: false, starts: 0, ended: false, cutOff: false, life: lives }
    tasks.set(Number(first), { n: Number(first), key: second, dueAt: Number(third), ...fresh })
  } else if (what === 'open') {
    lives += 1
    for (const each of tasks.values()) each.cutOff = each.starts > 0 && !each.ended
  } else if (task !== undefined && what === 'ack') {
    task.acked = true
  } else if (task !== undefined && what === 'end') {
    task.ended = true
    task.cutOff = false
  } else if (task !== undefined && what === 'start') {
    return checkStart(task, Number(second), tasks)
  }
  return undefined
}

function checkStart(task: Task, now: number, tasks: Map<number, Task>): string | undefined {
  const { n, key, dueAt } = task
  task.starts += 1
  if (now < dueAt) return `${dueAt - now} ms early`
  task.cutOff = false
  if (task.life === lives) {
    // whatever the machine takes for it: what was cut off is the first to run again
    const late = [...tasks.values()].find(({ cutOff }) => cutOff)
    if (late !== undefined) return `task ${late.n} was cut off, and has not begun again`
  }
  // One fails once, so runs twice; besides each kill may have cut off one run.
  if (task.starts > KILLS + 2) return `started ${task.starts} times`
  for (const other of tasks.values()) {
    if (other.key !== key || !other.acked || other.ended || other === task) continue
    const before = other.dueAt < dueAt || (other.dueAt === dueAt && other.n < n)
    if (before) return `task ${other.n} of its key was due before it and has not ended`
  }
  return undefined
}
