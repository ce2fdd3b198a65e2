import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { withSharedBuffer } from '../src/network/shared-read.ts'

test('this Node hands over accepted sockets, so that all read into one buffer', async () => {
  const buffer = Buffer.alloc(64)
  let received = ''
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    const socket = withSharedBuffer(accepted, buffer, (length) => {
      received += buffer.toString('latin1', 0, length)
      socket?.write('answer')
    })
    expect(socket).toBeDefined()
    socket?.read(0)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0)
  client.write('question')
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(received).toBe('question')
  expect(answer.toString()).toBe('answer')
  client.destroy()
  server.close()
})
