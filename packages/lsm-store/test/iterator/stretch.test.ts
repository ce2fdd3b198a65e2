import { describe, expect, it } from 'vitest'
import { StandingCursor } from '../../src/iterator/standing-cursor.ts'
import { Stretch } from '../../src/iterator/stretch.ts'

class KeyCursor extends StandingCursor {
  constructor(key: string) {
    super()
    this.key = Buffer.from(`..${key}`)
    this.keyStart = 2
    this.keyEnd = this.key.length
  }
}

function stretchTo(edge: string | undefined, reverse = false): Stretch {
  const bytes = edge === undefined ? undefined : Buffer.from(edge)
  return new Stretch({ sequence: 1, skip: 0, keysOnly: false, reverse, edge: bytes })
}

function boundOf({ bound, boundStart, boundEnd }: Stretch): string | undefined {
  return bound === undefined ? undefined : Buffer.from(bound).toString('utf8', boundStart, boundEnd)
}

describe('a stretch', () => {
  it('ends where the next run stands or the range ends, whichever comes first', () => {
    for (const [edge, next, reverse, expected] of [
      [undefined, undefined, false, undefined],
      ['m', undefined, false, 'm'],
      [undefined, 'k', false, 'k'],
      ['m', 'k', false, 'k'],
      ['m', 'x', false, 'm'],
      ['m', 'k', true, 'm'],
      ['m', 'x', true, 'x'],
    ] as const) {
      const stretch = stretchTo(edge, reverse)
      stretch.limit(next === undefined ? undefined : new KeyCursor(next))
      expect(boundOf(stretch)).toBe(expected)
    }
  })

  it('is tried ever more rarely where runs mix, and at once again where they do not', () => {
    const stretch = stretchTo(undefined)
    const attempts = (entries: number, taken: number): number => {
      let count = 0
      for (let i = 0; i < entries; i++) {
        if (stretch.isVain()) continue
        count += 1
        stretch.isMet = true
        stretch.learn(taken)
      }
      return count
    }
    expect(attempts(1000, 1)).toBeLessThan(40)
    expect(attempts(40, 20)).toBeGreaterThan(5)
    expect(attempts(100, 20)).toBe(100)
    // A block that ends is no reason: the next one may be the run's alone.
    for (let i = 0; i < 100; i++) {
      stretch.learn(1)
      expect(stretch.isVain()).toBe(false)
    }
  })
})
