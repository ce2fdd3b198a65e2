import { vi } from 'vitest'
import { RawClient } from './raw-client.ts'
import { ServerProcess } from './server-process.ts'

const LEASE_MS = 800

/** A server of a group, in a process of its own. */
export interface NodeProcess {
  readonly name: string
  readonly dir: string
  readonly port: number
  process: ServerProcess
}

export async function startNode(
  url: string,
  name: string,
  dir: string,
  port: number,
  ...more: readonly string[]
): Promise<NodeProcess> {
  const process = await ServerProcess.start(
    ...['--port', String(port), '--dir', dir, '--replication-transport', url],
    ...['--replication-node', name, '--replication-lease-ms', String(LEASE_MS)],
    ...more,
  )
  return { name, dir, port, process }
}

/** Ends those that a test left. */
export async function endNodes(nodes: readonly NodeProcess[]): Promise<void> {
  for (const { process } of nodes) {
    const { exitCode, signalCode } = process.child
    if (exitCode === null && signalCode === null) await process.stop('SIGKILL')
  }
}

/** The bytes of a reply. */
export const call = async (node: NodeProcess, ...args: string[]): Promise<string> => {
  const client = await RawClient.connect(node.port)
  const reply = await client.call(...args)
  client.close()
  return reply
}

/** Resolves with the one that has become the primary. */
export const untilPrimary = (nodes: readonly NodeProcess[]): Promise<NodeProcess> =>
  vi.waitFor(
    async () => {
      for (const node of nodes) if ((await call(node, 'ROLE')).includes('master')) return node
      throw new Error('nobody is the primary')
    },
    { timeout: 20_000, interval: 50 },
  )
