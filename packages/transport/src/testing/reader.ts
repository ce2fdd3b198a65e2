import assert from 'node:assert/strict'
import { patience } from './patience.ts'

/** After this long a promise counts as never settling. */
const PATIENCE_MS = 5_000
/** How long nothing has to come for nothing to be coming. */
const QUIET_MS = 60

/** Reads an iterable step by step, with an end to all patience. */
export class Reader<T> {
  readonly #iterator: AsyncIterator<T>
  readonly #elapse: (ms: number) => Promise<void>
  #asked: Promise<IteratorResult<T>> | undefined

  constructor(iterable: AsyncIterable<T>, elapse: (ms: number) => Promise<void>) {
    this.#iterator = iterable[Symbol.asyncIterator]()
    this.#elapse = elapse
  }

  /** Asks for the next item without waiting for it. */
  ask(): void {
    this.#asked ??= this.#iterator.next()
  }

  async next(): Promise<T> {
    const result = await this.#result()
    if (result.done) assert.fail('the iteration ended')
    return result.value
  }

  /** The next `count` items. */
  async many(count: number): Promise<T[]> {
    const items: T[] = []
    while (items.length < count) items.push(await this.next())
    return items
  }

  /** Everything until the iteration ends. */
  async all(): Promise<T[]> {
    const items: T[] = []
    for (;;) {
      const result = await this.#result()
      if (result.done) return items
      items.push(result.value)
    }
  }

  /** Fails unless the iteration ends now. */
  async ended(): Promise<void> {
    const result = await this.#result()
    assert.ok(result.done, 'the iteration goes on')
  }

  /** Fails if something comes within a short while; what comes later is kept. */
  async quiet(ms: number = QUIET_MS): Promise<void> {
    this.#asked ??= this.#iterator.next()
    assert.ok(!(await isSettled(this.#asked, () => this.#elapse(ms))), 'something came')
  }

  async stop(): Promise<void> {
    await this.#iterator.return?.()
  }

  #result(): Promise<IteratorResult<T>> {
    const asked = this.#asked ?? this.#iterator.next()
    this.#asked = undefined
    return soon(asked, 'the next item')
  }
}

/** Whether a promise has settled when the time is over. */
export async function isSettled(
  promise: Promise<unknown>,
  wait: () => Promise<void>,
): Promise<boolean> {
  let settled = false
  const mark = (): void => {
    settled = true
  }
  promise.then(mark, mark)
  await wait()
  return settled
}

/** The promise's result, or a failure when it takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = patience(
    PATIENCE_MS,
    () => new assert.AssertionError({ message: `${what} never came` }),
  )
  try {
    return await Promise.race([promise, late.over])
  } finally {
    late.callOff()
  }
}
