import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'

/** Below those that systems give to outgoing connections: one of these cannot take the port again. */
const FIRST = 20_000
const COUNT = 12_000
const TRIES = 200

/** What says to other processes that a port is taken; the system lets go of them with this one. */
const reserved: Socket[] = []

/**
 * TCP ports of 127.0.0.1 that nobody listens on at this moment, all different. They are of a range that
 * no outgoing connection is given, and are not given again, to any process that asks here, before this
 * one has ended: so a server can be started on one, or again on the same, later. Rejects when so many
 * are not to be had.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  try {
    for (let tries = 0; ports.length < count; tries += 1) {
      if (tries === TRIES + count) throw new Error(`no ${count} free ports after ${tries} tries`)
      // chance is what keeps processes apart that look at the same time
      const port = FIRST + Math.floor(Math.random() * COUNT)
      if (!(await reserve(port))) continue
      const server = await listen(port)
      if (server === undefined) continue
      held.push(server)
      ports.push(port)
    }
  } finally {
    await Promise.all(held.map(close))
  }
  return ports
}

/** A port as {@link freePorts} finds them. */
export async function freePort(): Promise<number> {
  const [port] = (await freePorts(1)) as [number]
  return port
}

/**
 * Takes the UDP port of the number, which no server here uses, for as long as this process lives.
 * False when another one has it.
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // where it cannot be had at all, there is only what chance gives
      resolve(error.code !== 'EADDRINUSE')
    })
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref()
      reserved.push(socket)
      resolve(true)
    })
  })
}

/** Undefined when somebody else has the port. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
