import { readdirSync, readFileSync } from 'node:fs'

/** A stop takes microseconds, on a busy machine milliseconds. */
const LONGEST_MS = 1_000

/**
 * Returns when no thread of the process runs any more: SIGSTOP is on its way when `kill` returns, and a
 * thread on another core goes on until it arrives. Where there is no /proc it returns at once.
 */
export function waitUntilStopped(pid: number): void {
  const deadline = performance.now() + LONGEST_MS
  while (performance.now() < deadline) {
    try {
      const threads = readdirSync(`/proc/${pid}/task`)
      if (threads.every((thread) => isStopped(`/proc/${pid}/task/${thread}/stat`))) return
    } catch {
      return // no /proc, or the process is gone
    }
  }
}

/** The state is the letter behind the name, which is in parentheses. */
function isStopped(path: string): boolean {
  const stat = readFileSync(path, 'latin1')
  return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}
