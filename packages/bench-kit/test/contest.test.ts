import { expect, test } from 'vitest'
import { type Contest, play, type Row, rate } from '../src/contest.ts'

function row(contest: Contest, less: boolean): Row {
  return { name: 'r', unit: 'u', peer: 'p', must: 1, aim: 1, rounds: 3, less, open: () => contest }
}

const counting = (values: readonly number[]): (() => number) => {
  let call = -1 // the first one is the warm-up
  return () => values[call++] ?? 0
}

test('ratios are taken round by round and above 1 when ours is better, in either direction', async () => {
  const contest = (): Contest => ({ ours: counting([2, 30, 4]), theirs: counting([1, 10, 4]) })
  expect(await play(row(contest(), false), true)).toEqual({ ours: 4, theirs: 4, ratio: 2 })
  expect(await play(row(contest(), true), true)).toEqual({ ours: 4, theirs: 4, ratio: 0.5 })
})

test('both take turns in going first, and the contest is closed when one fails', async () => {
  const order: string[] = []
  const contest: Contest = {
    ours: () => order.push('ours'),
    theirs: () => {
      if (order.push('theirs') > 6) throw new Error('broken')
      return 1
    },
    close: () => void order.push('closed'),
  }
  await expect(play(row(contest, false), true)).rejects.toThrow('broken')
  expect(order).toEqual([
    'ours',
    'theirs',
    'ours',
    'theirs',
    'theirs',
    'ours',
    'ours',
    'theirs',
    'closed',
  ])
})

test('rate counts calls per second, over whole passes', () => {
  let calls = 0
  const perSecond = rate([1, 2, 3], 5, () => calls++)
  expect(calls % 3).toBe(0)
  expect(perSecond).toBeGreaterThan(0)
  expect(perSecond).toBeLessThanOrEqual((calls * 1000) / 5)
})
