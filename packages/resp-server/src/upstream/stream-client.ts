import { Client, type ClientTransport } from '../clients/client.ts'
import type { Reply } from '../protocol/reply.ts'
import { SILENT } from '../protocol/silent-reply.ts'
import type { ServerContext } from '../server/context.ts'

/** Nobody reads what its commands answer. */
const NOWHERE: ClientTransport = {
  address: 'upstream:0',
  localAddress: 'upstream:0',
  isUnixSocket: false,
  fileDescriptor: -1,
  outputBytes: 0,
  inputBytes: 0,
  flush: () => {},
  resume: () => {},
  close: () => {},
}

/** Who runs the commands of the server that is followed: may do everything, and is told of errors. */
export function createStreamClient(server: ServerContext, onError: (line: string) => void): Client {
  const output: Reply & { version: 2 | 3 } = { ...SILENT, version: 2, error: onError }
  const client = new Client(server.clients.takeId(), server, NOWHERE, output)
  client.user = server.acl.owner
  client.isAuthenticated = true
  client.noTouch = true
  // nothing that is sent waits
  client.isInTransaction = true
  return client
}
