import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ProgramGenerator, Random } from './support/random-program.ts'
import { RedisOracle } from './support/redis-oracle.ts'
import { readScripts } from './support/script-files.ts'
import { ScriptHost } from './support/script-host.ts'

const KEYS = ['key1', 'key2']
const ARGV = ['arg1', '2']
const PROGRAMS = Number(process.env['LUA_PROGRAMS'] ?? 400)
const SEED = Number(process.env['LUA_SEED'] ?? 1)

/** Which of its two NaNs an operation gives is the processor's affair; it prints as both. */
function normalised(reply: string): string {
  return reply.replaceAll('-nan', 'nan').replace(/^\$\d+\r\n/, '')
}

describe('replies and errors of redis-server', () => {
  let oracle: RedisOracle
  const host = new ScriptHost()

  beforeAll(async () => {
    oracle = await RedisOracle.start()
  })
  afterAll(() => oracle[Symbol.asyncDispose]())

  const directory = new URL('scripts/', import.meta.url)
  for (const file of readdirSync(directory)) {
    test(`${file}: every script answers the same bytes`, async () => {
      const scripts = readScripts(new URL(file, directory))
      expect(scripts.length).toBeGreaterThan(20)
      for (const script of scripts) {
        const expected = await oracle.eval(script, KEYS, ARGV)
        expect(host.eval(script, KEYS, ARGV), script).toBe(expected)
      }
    })
  }

  test(`${PROGRAMS} random programs from seed ${SEED} answer the same bytes`, async () => {
    for (let i = 0; i < PROGRAMS; i++) {
      const program = new ProgramGenerator(new Random(SEED * 7919 + i)).program()
      const expected = await oracle.eval(program, KEYS, ARGV)
      const reply = host.eval(program, KEYS, ARGV)
      expect(normalised(reply), `program ${i}:\n${program}`).toBe(normalised(expected))
    }
  })
})
