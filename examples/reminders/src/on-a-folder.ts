import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Deployed, deploy } from './deploy.ts'
import type { Ledger } from './ledger.ts'
import { PEOPLE, reminders, TOTAL } from './reminders.ts'

/** One process at a time on a folder: killed, deployed badly, deployed well, restarted. */
export async function playOnAFolder(ledger: Ledger): Promise<void> {
  const store = mkdtempSync(join(tmpdir(), 'reminders-'))
  const start = (release: string): Promise<Deployed> =>
    deploy({ release, on: { store }, ...ledger.watching(release) })

  let service = await start('first')
  await schedule(service.name)
  console.log(`${TOTAL} reminders for ${PEOPLE.length} people are stored`)
  await ledger.reached(TOTAL / 3)
  await service.end('SIGKILL')
  console.log('the first release is killed when a third is sent')

  await start('forgetful').catch((error: Error) => console.log(`deploy refused: ${error.message}`))

  service = await start('second')
  await ledger.reached((TOTAL * 2) / 3)
  await service.end('SIGTERM')
  service = await start('second')
  console.log('the second release is up, and was restarted when two thirds were sent')
  await ledger.reached(TOTAL)
  await service.end('SIGTERM')
  rmSync(store, { recursive: true })
}

async function schedule(url: string): Promise<void> {
  const response = await fetch(`${url}/tasks/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks: reminders(Date.now()) }),
  })
  if (!response.ok) throw new Error(await response.text())
}
