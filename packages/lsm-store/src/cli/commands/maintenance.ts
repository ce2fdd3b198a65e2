import { repairStore } from '../../operations/repair.ts'
import { type VerifyReport, verifyStore } from '../../operations/verify.ts'
import type { Store } from '../../store/store.ts'
import { showBytes } from '../byte-format.ts'
import { type Call, type CliCommand, DONE, FAILED, printFacts, printLine } from '../command.ts'
import { ProgressBar } from '../progress-bar.ts'
import { RANGE_OPTIONS, rangeOf } from './entries.ts'
import { FORMAT_OPTIONS, openExisting, openToRead } from './values.ts'

export const stats: CliCommand = {
  name: 'stats',
  summary: 'Prints what a store holds and what it takes',
  parameters: ['dir'],
  options: {},
  async run(call) {
    await using store = await openToRead(call)
    await printFacts(call, { path: store.path, ...store.metrics() })
    return DONE
  },
}

export const verify: CliCommand = {
  name: 'verify',
  summary: 'Reads every file and checks it, changing nothing; exit code 1 when something is wrong',
  parameters: ['dir'],
  options: {},
  async run(call) {
    const bar = new ProgressBar(call)
    const report = await verifyStore(call.parameters['dir'] as string, bar.options)
    bar.clear()
    await printReport(call, report)
    return report.ok ? DONE : FAILED
  },
}

async function printReport(call: Call, report: VerifyReport): Promise<void> {
  const problems = report.problems.map(({ message, code, path, offset }) => ({
    message,
    code,
    path,
    offset,
  }))
  if (call.json) await printFacts(call, { ...report, problems })
  else {
    await printFacts(call, { ...report, problems: problems.length })
    for (const { message } of problems) await printLine(call.streams, message)
  }
}

export const repair: CliCommand = {
  name: 'repair',
  summary: 'Makes a damaged store open again, and prints what is lost; copy it first',
  parameters: ['dir'],
  options: {},
  async run(call) {
    const bar = new ProgressBar(call)
    const report = await repairStore(call.parameters['dir'] as string, bar.options)
    bar.clear()
    const problems = report.problems.map(({ message }) => message)
    const lost = report.lost.map(({ from, to, table, level }) => ({
      table,
      level,
      from: showBytes(from, 'base64'),
      to: showBytes(to, 'base64'),
    }))
    if (call.json) await printFacts(call, { ...report, problems, lost })
    else {
      await printFacts(call, { ...report, problems: problems.length, lost: lost.length })
      for (const problem of problems) await printLine(call.streams, problem)
      for (const { from, to } of report.lost) {
        const range = `${showBytes(from, 'text')} to ${showBytes(to, 'text')}`
        await printLine(call.streams, `entries may be missing from ${range}`)
      }
    }
    return DONE
  },
}

export const compact: CliCommand = {
  name: 'compact',
  summary: 'Merges tables and reclaims the space of what was deleted',
  parameters: ['dir'],
  options: {
    gte: RANGE_OPTIONS.gte,
    lt: RANGE_OPTIONS.lt,
    'key-format': FORMAT_OPTIONS['key-format'],
  },
  async run(call) {
    const range = rangeOf(call)
    await using store = await openExisting(call)
    const bytesBefore = bytesIn(store)
    await store.compact(range)
    const { tables } = store.metrics()
    await printFacts(call, { tables, bytesBefore, bytesAfter: bytesIn(store) })
    return DONE
  },
}

function bytesIn(store: Store): number {
  const { tableBytes, valueFileBytes, logBytes } = store.metrics()
  return tableBytes + valueFileBytes + logBytes
}
