/** Distinct error prefixes that are counted one by one; the rest shares a row. */
const MAX_ERROR_KINDS = 128

/** Counters behind INFO and CONFIG RESETSTAT. */
export class Statistics {
  /** Replicas that were sent everything; that went on where they were; that could not. */
  fullSyncs = 0
  partialSyncs = 0
  refusedPartialSyncs = 0
  connections = 0
  rejectedConnections = 0
  commands = 0
  inputBytes = 0
  outputBytes = 0
  errors = 0
  queryBufferDisconnections = 0
  outputBufferDisconnections = 0
  evictedClients = 0
  /** Values freed in the background before the counters began. */
  collectedBefore = 0
  readonly errorsByPrefix: Map<string, number> = new Map()
  #sampledCommands = 0
  #sampledInput = 0
  #sampledOutput = 0
  #sampledAt = 0
  /** Rates over the last interval between two INFO calls that were a tenth of a second apart. */
  commandsPerSecond = 0
  inputPerSecond = 0
  outputPerSecond = 0

  readonly countError = (line: string): void => {
    this.errors += 1
    const space = line.indexOf(' ')
    let prefix = space === -1 ? line : line.slice(0, space)
    if (!this.errorsByPrefix.has(prefix) && this.errorsByPrefix.size >= MAX_ERROR_KINDS) {
      prefix = 'ERRORSTATS_OVERFLOW'
    }
    this.errorsByPrefix.set(prefix, (this.errorsByPrefix.get(prefix) ?? 0) + 1)
  }

  sampleRates(now: number): void {
    const elapsed = now - this.#sampledAt
    if (elapsed < 100) return
    const perSecond = (count: number): number => Math.round((count * 1000) / elapsed)
    this.commandsPerSecond = perSecond(this.commands - this.#sampledCommands)
    this.inputPerSecond = perSecond(this.inputBytes - this.#sampledInput)
    this.outputPerSecond = perSecond(this.outputBytes - this.#sampledOutput)
    this.#sampledAt = now
    this.#sampledCommands = this.commands
    this.#sampledInput = this.inputBytes
    this.#sampledOutput = this.outputBytes
  }

  reset(): void {
    this.connections = 0
    this.rejectedConnections = 0
    this.commands = 0
    this.inputBytes = 0
    this.outputBytes = 0
    this.errors = 0
    this.queryBufferDisconnections = 0
    this.outputBufferDisconnections = 0
    this.errorsByPrefix.clear()
    this.#sampledCommands = 0
    this.#sampledInput = 0
    this.#sampledOutput = 0
  }
}
