import { nats } from '@ashlar/transport/nats'
import type { Contestant, Place } from './contestant.ts'

/** About what one task takes in the log of its partition. */
const MESSAGE_BYTES = 300

/**
 * No scheduler: messages of the same size, each stored on the condition that it follows the one before.
 * A task that is scheduled and awaited cannot take less than this.
 */
export async function openBareAppend({ natsUrl }: Place): Promise<Contestant> {
  const transport = await nats({ servers: natsUrl })
  const log = await transport.log('bare-append', { subjects: ['message'] })
  const message = new Uint8Array(MESSAGE_BYTES)
  let last = 0
  const nothingElse = (): Promise<never> => Promise.reject(new Error('this only appends'))
  return {
    async schedule() {
      const { sequence } = await log.append('message', message, { expectedLastSequence: last })
      last = sequence
    },
    scheduleMany: nothingElse,
    work: nothingElse,
    async clear() {
      await log.purge()
    },
    bytesOnDisk: nothingElse,
    memoryBytes: nothingElse,
    close: () => transport.close(),
  }
}
