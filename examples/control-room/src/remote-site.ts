import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Site, SiteFigures, SiteOptions } from './site.ts'

type Message =
  | { readonly figures: SiteFigures }
  | { readonly replayed: true }
  | { readonly failed: string }

/** A site in a process of its own, over a NATS server. */
export class RemoteSite implements Site {
  readonly replayed: Promise<void>
  readonly #child: ChildProcess
  #figures: SiteFigures = { kept: 0, alerted: 0, moved: 0, lagMs: undefined }
  #isClosing = false

  constructor(options: SiteOptions, servers: string) {
    // JSON has no Infinity: left out, it means full speed
    const daysPerSecond = Number.isFinite(options.daysPerSecond) ? options.daysPerSecond : undefined
    const argument = JSON.stringify({ ...options, daysPerSecond, servers })
    this.#child = fork(new URL('./site-process.ts', import.meta.url), [argument])
    this.replayed = new Promise((resolve, reject) => {
      this.#child.on('message', (message: Message) => {
        if ('figures' in message) this.#figures = message.figures
        else if ('failed' in message) reject(new Error(`${options.node}: ${message.failed}`))
        else resolve()
      })
      this.#child.once('exit', (code, signal) => {
        if (this.#isClosing) resolve()
        else reject(new Error(`${options.node} ended with ${signal ?? code}`))
      })
    })
  }

  figures(): SiteFigures {
    return this.#figures
  }

  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.send('close')
    await exited
  }
}
