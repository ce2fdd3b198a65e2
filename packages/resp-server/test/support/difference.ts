import { normalize } from './normalize.ts'
import type { CommandGenerator } from './random-commands.ts'
import type { RawClient } from './raw-client.ts'

/** Who can be asked. */
export type Callable = Pick<RawClient, 'call'>

/**
 * Requests on which redis-server 7.0 and the 7.4 that we follow answer differently:
 * ZRANK takes WITHSCORE since 7.2, and timeouts beyond all bounds have another error text.
 */
export function differsBetweenVersions(request: readonly string[]): boolean {
  const name = (request[0] as string).toUpperCase()
  if (/^Z(?:REV)?RANK$/.test(name)) return request.length > 3
  return (
    name.startsWith('B') &&
    request.some((word) => /^(?:inf|nan|9{20}|9223372036854775807)$/.test(word))
  )
}

export interface Difference {
  readonly index: number
  readonly request: readonly string[]
  readonly theirs: string
  readonly ours: string
}

/** Sends the same requests to both and tells where their answers differ. */
export async function compareServers(
  theirs: Callable,
  ours: Callable,
  generator: CommandGenerator,
  count: number,
  shown: typeof normalize = normalize,
): Promise<Difference[]> {
  const differences: Difference[] = []
  let queued: string[] = []
  for (let index = 0; index < count && differences.length < 5; index += 1) {
    const request = generator.next()
    if (differsBetweenVersions(request)) continue
    const name = (request[0] as string).toLowerCase()
    const [expected, actual] = await Promise.all([theirs.call(...request), ours.call(...request)])
    if (expected === '+QUEUED\r\n') queued.push(name)
    if (shown(name, expected, queued) !== shown(name, actual, queued)) {
      differences.push({ index, request, theirs: expected, ours: actual })
    }
    if (name === 'exec' || name === 'discard') queued = []
  }
  return differences
}
