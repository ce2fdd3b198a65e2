const WIDTH = 24

/** A bar on a terminal, nothing elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(done: number, total: number, text: string): void {
    if (!this.#stream.isTTY) return
    const filled = Math.round((done / Math.max(1, total)) * WIDTH)
    const bar = `${'█'.repeat(filled)}${'·'.repeat(WIDTH - filled)}`
    this.#stream.write(`\r\x1b[K${bar} ${done}/${total} ${text}`)
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
  }
}
