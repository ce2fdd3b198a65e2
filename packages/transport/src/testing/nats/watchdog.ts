import { type ChildProcess, spawn } from 'node:child_process'

/** Waits for the end of its input, which comes however the writer ends, then cleans up. */
const SCRIPT = 'cat >/dev/null; kill -KILL "$1" 2>/dev/null; [ -z "$2" ] || rm -rf "$2"'

/**
 * A process of its own that kills another, and removes a folder, when this process ends without
 * having called it off: also by SIGKILL.
 */
export class Watchdog {
  readonly #child: ChildProcess

  constructor(pid: number, folder: string | undefined) {
    // Detached: Ctrl-C reaches the tests, not the one that cleans up after them.
    this.#child = spawn('sh', ['-c', SCRIPT, 'watchdog', String(pid), folder ?? ''], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#child.unref()
    if (this.#child.stdin !== null && 'unref' in this.#child.stdin) {
      ;(this.#child.stdin as { unref(): void }).unref()
    }
  }

  callOff(): void {
    this.#child.kill('SIGKILL')
  }
}
