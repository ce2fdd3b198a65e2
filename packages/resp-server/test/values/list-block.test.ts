import { expect, test } from 'vitest'
import { BLOCK_MAX, ListBlock } from '../../src/values/list-block.ts'
import { ListValue } from '../../src/values/list-value.ts'

const contents = (block: ListBlock): (readonly [string | undefined, number])[] =>
  Array.from({ length: block.size }, (_, at) => [block.item(at), block.position(at)])

test('a block grows at its head up to its size, and finds what it holds', () => {
  const block = new ListBlock()
  for (let n = 0; n < BLOCK_MAX; n += 1) {
    expect(block.isFullAtHead).toBe(false)
    block.pushHead(`${n}`, -n)
  }
  expect(block.isFullAtHead).toBe(true)
  expect(contents(block)).toEqual(
    Array.from({ length: BLOCK_MAX }, (_, at) => [
      `${BLOCK_MAX - 1 - at}`,
      at === BLOCK_MAX - 1 ? -0 : at - BLOCK_MAX + 1,
    ]),
  )
  expect(block.find(-3)).toBe(BLOCK_MAX - 4)
  expect(block.find(-3.5)).toBe(-1)
  const second = block.split()
  expect([block.size, second.size]).toEqual([BLOCK_MAX / 2, BLOCK_MAX / 2])
  expect(second.item(0)).toBe(`${BLOCK_MAX / 2 - 1}`)
  expect(block.item(-1)).toBeUndefined()
  expect(block.item(block.size)).toBeUndefined()
})

test('a block whose head is taken is full at its tail in time, and new once it is empty', () => {
  const block = new ListBlock()
  let pushed = 0
  for (; !block.isFullAtTail; pushed += 1) {
    block.pushTail(`${pushed}`, pushed)
    if (pushed > 0) block.dropHead()
  }
  expect(pushed).toBe(BLOCK_MAX)
  expect(contents(block)).toEqual([[`${BLOCK_MAX - 1}`, BLOCK_MAX - 1]])
  block.dropHead()
  expect([block.size, block.isFullAtTail]).toEqual([0, false])
  expect(block.item(0)).toBeUndefined()
})

test.each(['head', 'tail'] as const)('a queue that is pushed at its %s keeps its order', (end) => {
  const list = new ListValue()
  let taken = 0
  for (let n = 0; n < 5000; n += 1) {
    if (end === 'head') list.pushHead(`${n}`)
    else list.pushTail(`${n}`)
    if (list.size <= (n % 300) + 1) continue
    expect(end === 'head' ? list.popTail() : list.popHead()).toBe(`${taken}`)
    taken += 1
  }
  for (; list.size > 0; taken += 1) {
    expect(end === 'head' ? list.popTail() : list.popHead()).toBe(`${taken}`)
  }
  expect(taken).toBe(5000)
})
