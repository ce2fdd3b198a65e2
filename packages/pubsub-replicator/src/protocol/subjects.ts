const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const ROOT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}(\.[A-Za-z0-9][A-Za-z0-9_-]{0,62}){0,7}$/

/** Requests that a publisher answers for each table. */
export type RequestVerb = 'open' | 'pull' | 'page' | 'check' | 'close'

/**
 * The subjects of the protocol: `<root>.<node>.<table>.<verb>`, so that a broker can grant each
 * node what it may publish and subscribe to by table. docs/formats/replication.md lists them.
 */
export class Subjects {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** Where a publisher answers. */
  request(node: string, table: string, verb: RequestVerb): string {
    return `${this.#root}.${node}.${table}.${verb}`
  }

  /** Where subscribers say how far they are. */
  acknowledgement(node: string, table: string): string {
    return `${this.#root}.${node}.${table}.ack`
  }

  /** Where a publisher says that it is there; `*` as node for any. */
  presence(node: string, table: string): string {
    return `${this.#root}.${node}.${table}.here`
  }

  /** Where subscribers ask who publishes a table. No node is named `_`. */
  inquiry(table: string): string {
    return `${this.#root}._.${table}.who`
  }

  /** The changes of one selection, without those that came from the node `except`. */
  feed(node: string, table: string, digest: string, except: string | undefined): string {
    const subject = `${this.#root}.${node}.${table}.feed.${digest}`
    return except === undefined ? subject : `${subject}.${except}`
  }
}

/** Throws TypeError unless the text can be a token of a subject on every transport. */
export function checkName(field: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `${field} must be 1 to 63 letters, digits, '-' or '_', first a letter or digit; ` +
        `got ${JSON.stringify(name)}`,
    )
  }
}

/** Throws TypeError unless the text can start the subjects. */
export function checkRoot(field: string, root: unknown): asserts root is string {
  if (typeof root !== 'string' || !ROOT.test(root)) {
    throw new TypeError(`${field} must be one to eight names joined by dots`)
  }
}
