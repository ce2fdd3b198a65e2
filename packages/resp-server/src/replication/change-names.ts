import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Durability } from '../persistence/durability.ts'
import { Persistence } from '../persistence/persistence.ts'
import { encodeState, REPLICATION_KEY, readState } from './replication-state.ts'

/**
 * Whether what a primary writes names the keys that it changed. A change of an element says under which
 * id it stands, not at which key; modules that listen to changed keys need to know that on replicas
 * too, so each commit has one more record that names them. Without such modules none is written.
 */
export class ChangeNames {
  readonly #persistence: Persistence
  readonly #keyspace: Keyspace
  #since: Promise<number> | undefined

  /** `since`: from where on the log of this node's store names keys already. */
  constructor(persistence: Persistence, keyspace: Keyspace, since: number | undefined) {
    this.#persistence = persistence
    this.#keyspace = keyspace
    keyspace.namesChanges = since !== undefined
    if (since !== undefined) this.#since = Promise.resolve(since)
  }

  get isOn(): boolean {
    return this.#since !== undefined
  }

  /** Names keys from now on. Resolves with the sequence since when the log does. */
  need(): Promise<number> {
    this.#keyspace.namesChanges = true
    this.#since ??= this.#begin()
    return this.#since
  }

  /** What is under way may have begun without names: they count from the next commit on. */
  async #begin(): Promise<number> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    const { store } = this.#persistence
    this.#persistence.writeOut()
    const namedSince = store.lastSequence
    const state = encodeState({ ...readState(store), namedSince })
    await this.#persistence.write(store.batch().put(REPLICATION_KEY, state))
    return namedSince
  }
}

/** This server writes without being a node of its group: its log names nothing that a replica may need. */
export async function forgetNames(durability: Durability): Promise<void> {
  if (!(durability instanceof Persistence)) return
  const { store } = durability
  const state = readState(store)
  if (state.namedSince === undefined) return
  const forgotten = encodeState({ ...state, namedSince: undefined })
  await durability.write(store.batch().put(REPLICATION_KEY, forgotten))
}
