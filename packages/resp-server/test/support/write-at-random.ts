import { CommandGenerator } from './random-commands.ts'
import type { RawClient } from './raw-client.ts'

/** These would end, hold or empty the server, or wait for others. */
const LEFT_OUT = /^(?:FLUSH|SWAPDB|CLIENT|B[LRZ]|XREAD|WAIT)/i

/** Sends random commands of all groups, whose results can be compared with those of another server. */
export async function writeAtRandom(client: RawClient, seed: string, count: number): Promise<void> {
  const generator = new CommandGenerator(seed)
  const sent: Promise<string>[] = []
  for (let n = 0; n < count; n += 1) {
    const request = generator.next()
    // the last bit of a distance is that of another sine
    if (request.some((word) => /^storedist$/i.test(word))) continue
    if (LEFT_OUT.test(request[0] as string)) continue
    sent.push(client.call(...request))
  }
  await Promise.all(sent)
}
