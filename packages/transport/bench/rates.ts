/** Work per second: rounds of `work`, each of `size`, until the time is over. */
export async function rounds(
  roundMs: number,
  size: number,
  work: () => Promise<void>,
): Promise<number> {
  const start = performance.now()
  for (let done = size; ; done += size) {
    await work()
    const elapsedMs = performance.now() - start
    if (elapsedMs >= roundMs) return (done * 1_000) / elapsedMs
  }
}

/** Calls per second with this many in flight, for at least the time of the round. */
export async function pumped(
  roundMs: number,
  inFlight: number,
  call: () => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  let done = 0
  const pump = async (): Promise<void> => {
    while (performance.now() - start < roundMs) {
      await call()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, pump))
  return (done * 1_000) / (performance.now() - start)
}
