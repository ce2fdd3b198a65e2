// A thread of its own: what holds up the thread that sends large values must not count.
import { once } from 'node:events'
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const socket = connect({ port: workerData as number, host: '127.0.0.1', noDelay: true })
await once(socket, 'connect')
let isOver = false
let longestMs = 0
parentPort?.once('message', () => {
  isOver = true
})
parentPort?.postMessage('ready')
while (!isOver) {
  const start = performance.now()
  socket.write('PING\r\n')
  await once(socket, 'data')
  longestMs = Math.max(longestMs, performance.now() - start)
}
parentPort?.postMessage(longestMs)
socket.destroy()
