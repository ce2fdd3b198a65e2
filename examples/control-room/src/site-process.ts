// One site as a process of its own, over NATS: its options come as JSON, figures go to the parent.
import { nats } from '@ashlar/transport/nats'
import { LocalSite } from './site.ts'

const REPORT_EVERY_MS = 100

const { servers, daysPerSecond, ...options } = JSON.parse(process.argv[2] ?? '{}')
const site = await LocalSite.open(
  { ...options, daysPerSecond: daysPerSecond ?? Number.POSITIVE_INFINITY },
  await nats({ servers, name: options.node }),
)
const report = (): boolean | undefined => process.send?.({ figures: site.figures() })
const timer = setInterval(report, REPORT_EVERY_MS)
let closing: Promise<void> | undefined

function close(): Promise<void> {
  clearInterval(timer)
  closing ??= site.close().then(() => process.disconnect?.())
  return closing
}

process.on('SIGINT', () => {}) // Ctrl-C reaches all processes: the parent says when
process.on('message', (message) => {
  if (message === 'close') void close()
})
process.on('disconnect', () => void close()) // the parent is gone
site.replayed.then(
  () => {
    report()
    process.send?.({ replayed: true })
  },
  (error: unknown) => process.send?.({ failed: String(error) }),
)
