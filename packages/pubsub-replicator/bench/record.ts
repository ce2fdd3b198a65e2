/** A record as a sensor might write it: about 90 bytes. */
export function recordOf(n: number): Record<string, unknown> {
  return {
    site: `site-${n % 50}`,
    sensor: n % 1000,
    celsius: (n % 4000) / 100,
    at: 1_795_000_000_000 + n,
    state: n % 7 === 0 ? 'alert' : 'normal',
  }
}
