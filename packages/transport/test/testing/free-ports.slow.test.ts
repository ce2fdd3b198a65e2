// Goal: no two servers of a test run are told to listen on one port.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { freePorts } from '@ashlar/transport/testing'
import { expect, test } from 'vitest'

const PROGRAM = `
  const { freePorts } = await import('@ashlar/transport/testing')
  console.log(JSON.stringify(await freePorts(150)))
  process.stdin.resume() // holds what it has until all have asked
`

test('ports are given once, whoever asks, as long as the owner lives', async () => {
  const own = await Promise.all([freePorts(50), freePorts(50)])
  const others = Array.from({ length: 2 }, () => {
    const flags = ['--conditions=@ashlar/source', '--input-type=module', '-e', PROGRAM]
    const running = promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname })
    const told = new Promise<number[]>((resolve) => {
      running.child.stdout?.once('data', (line) => resolve(JSON.parse(String(line))))
    })
    return { running, told }
  })
  const ports = [...own, ...(await Promise.all(others.map(({ told }) => told)))].flat()
  for (const { running } of others) running.child.stdin?.end()
  await Promise.all(others.map(({ running }) => running))
  expect(ports).toHaveLength(400)
  expect(new Set(ports).size).toBe(400)
})
