import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import type { Bytes } from '../protocol/reply.ts'
import { redact } from './redact.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
}

/** As Redis prints bytes: quoted, what is not printable as an escape. */
export function quoted(bytes: string): string {
  const inner = bytes.replace(/[^ -~]|["\\]/g, (one) => {
    return ESCAPES[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${inner}"`
}

/** Clients that see every command. */
export class Monitors {
  readonly #clients = new Set<Client>()

  get size(): number {
    return this.#clients.size
  }

  add(client: Client): void {
    this.#clients.add(client)
  }

  delete(client: Client): void {
    this.#clients.delete(client)
  }

  has(client: Client): boolean {
    return this.#clients.has(client)
  }

  /** Tells them of a command that is about to run. `now` in ms, fractions count. */
  feed(client: Client, command: Command, args: readonly Bytes[], now: number): void {
    if (command.flags.has('skip_monitor') || command.flags.has('admin')) return
    this.show(client, command, args, now)
  }

  /** As {@link feed}, for commands that show themselves: EVAL comes before what it does. */
  show(client: Client, command: Command, args: readonly Bytes[], now: number): void {
    const time = (now / 1000).toFixed(6)
    const source = client.id === 0 ? 'lua' : client.transport.address
    const words = redact(command, args).map(quoted).join(' ')
    const line = `${time} [${client.database.index} ${source}] ${words}`
    for (const monitor of this.#clients) {
      monitor.output.simple(line)
      monitor.transport.flush()
    }
  }
}
