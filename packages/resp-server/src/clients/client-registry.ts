import type { Client } from './client.ts'

/** All clients by id, which is never used twice. */
export class ClientRegistry {
  readonly #clients = new Map<number, Client>()
  #nextId = 1

  get size(): number {
    return this.#clients.size
  }

  takeId(): number {
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  add(client: Client): void {
    this.#clients.set(client.id, client)
  }

  remove(client: Client): void {
    this.#clients.delete(client.id)
  }

  get(id: number): Client | undefined {
    return this.#clients.get(id)
  }

  all(): Client[] {
    return [...this.#clients.values()]
  }
}
