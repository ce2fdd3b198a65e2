import { describe, expect, test } from 'vitest'
import { LuaScriptError, type LuaTable } from '../../src/lua/index.ts'
import { ScriptHost } from './support/script-host.ts'

class Killed extends Error {}

/** A host that ends a script after so many checks. */
function impatient(checks: number, options: object = {}): { host: ScriptHost; seen: () => number } {
  let seen = 0
  const onCheck = (): void => {
    if (++seen >= checks) throw new Killed('killed')
  }
  return { host: new ScriptHost({ onCheck, ...options }), seen: () => seen }
}

describe('the instruction budget', () => {
  const ENDLESS: readonly string[] = [
    'while true do end',
    'repeat until false',
    'for i = 1, math.huge do end',
    'for i = 2, 1, 0 do end',
    'local function f() return f() end while true do pcall(f) end',
    'while true do pcall(function() while true do end end) end',
    'while true do xpcall(error, function() end) end',
    'local t = setmetatable({}, {__index = function(t, k) return k end}) while true do local x = t.a end',
    "while true do local x = ('x'):rep(1000) end",
    'local f f = function() return pcall(f) end f() while true do end',
    "string.gsub(('x'):rep(1e6), '.', function() while true do end end)",
    'table.sort({3, 2, 1}, function() while true do end end)',
    'for _ in function() return 1 end do end',
    "for _ in ('x'):rep(1e6):gmatch('.') do while true do end end",
    'local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end',
    'local t = {} while true do t[#t + 1] = 1 if #t > 1000 then t = {} end end',
    "return (('a'):rep(30) .. 'b'):find(('a*'):rep(30) .. 'c')",
    "return ('x'):rep(100000):match('.-.-.-.-y')",
    "while true do loadstring('return 1')() end",
  ]
  test.each(ENDLESS)('the host can end %s', (source) => {
    const { host } = impatient(5, { instructionsPerCheck: 2000 })
    expect(() => host.run(source)).toThrow(Killed)
  })

  test('checks come about every instructionsPerCheck turns and calls', () => {
    const { host, seen } = impatient(1e9, { instructionsPerCheck: 1000 })
    host.run('for i = 1, 100000 do end')
    expect(seen()).toBeGreaterThan(90)
    expect(seen()).toBeLessThan(110)
    const before = seen()
    host.run(
      'local function f() end local function g() f(tostring(1)) end for i = 1, 50000 do g() end',
    )
    expect(seen() - before).toBeGreaterThan(50)
  })

  test.each([
    ["return redis.error_reply(('\\n'):rep(2000000) .. 'x')", '-ERR '],
    ["return {err = ('\\n'):rep(2000000) .. 'x'}", '-'],
  ])('line breaks by the million in an error end at once: %s', (source, head) => {
    const reply = new ScriptHost().eval(source)
    expect(reply.length).toBe(head.length + 2_000_000 + 'x\r\n'.length)
    expect(reply.startsWith(head)).toBe(true)
  })

  test('the runtime works on after a script was ended', () => {
    const { host } = impatient(3)
    expect(() => host.run('while true do end')).toThrow(Killed)
    expect(host.run('return 1 + 1')).toBe(2)
    expect(host.run("return pcall(error, 'x')")).toBe(false)
  })

  test('what the host throws passes pcall, xpcall, coroutines and load', () => {
    for (const source of [
      'return pcall(function() while true do end end)',
      'return xpcall(function() while true do end end, function() return 1 end)',
      'return coroutine.resume(coroutine.create(function() while true do end end))',
      'return load(function() while true do end end)',
    ]) {
      const { host } = impatient(2)
      expect(() => host.run(source), source).toThrow(Killed)
    }
  })
})

describe('recursion', () => {
  const DEEP: readonly string[] = [
    'local function f() return 1 + f() end return f()',
    'local function f() return f() end return f()',
    'local function f() local a, b, c, d = f() return a end return f()',
    'local function f() f() end f()',
    'local f, g f = function() g() end g = function() f() end f()',
    'local function f(...) return f(1, ...) end return f()',
    'local t = {} function t:f() return self:f() end return t:f()',
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x',
    'local t = setmetatable({}, {}) getmetatable(t).__add = function(a, b) return a + b end return t + t',
    'local t = setmetatable({}, {}) getmetatable(t).__concat = function(a, b) return a .. b end return t .. t',
    'local t = setmetatable({}, {}) getmetatable(t).__eq = function(a, b) return a == b end return t == setmetatable({}, getmetatable(t))',
    'local t = setmetatable({}, {}) getmetatable(t).__call = function(a, b) return a(b) end return t()',
    'local t = setmetatable({}, {}) getmetatable(t).__tostring = function(a) return tostring(a) end return tostring(t)',
    "local function f() return ('x'):gsub('x', f) end return f()",
    'local function f() table.sort({2, 1}, f) return true end return f()',
    'local function f() for _ in f do end end return f()',
    "local function f() return loadstring('return ...')(f()) end return f()",
    'local function f() return unpack({f()}) end return f()',
    'local function f(n) local co = coroutine.wrap(function() return f(n + 1) end) return co() end return f(1)',
  ]
  test.each(DEEP)('is a Lua error, never a crash: %s', (source) => {
    const host = new ScriptHost()
    expect(() => host.run(source)).toThrow(LuaScriptError)
    expect(() => host.run(source)).toThrow(/stack overflow/)
    // Caught, it leaves the budgets as they were.
    const caught = `local ok, e = pcall(function() ${source} end) return {tostring(ok), e}`
    for (let i = 0; i < 3; i++) {
      const result = host.run(caught) as LuaTable
      expect(result.get(1)).toBe('false')
      expect(result.get(2)).toContain('stack overflow')
    }
    expect(host.runtime.context.words).toBeLessThan(200)
  })

  test('the estimate holds for functions with many locals and arguments', () => {
    const locals = Array.from({ length: 180 }, (_, i) => `local a${i} = n + ${i}`).join(' ')
    const sum = Array.from({ length: 180 }, (_, i) => `a${i}`).join(' + ')
    const args = Array.from({ length: 100 }, (_, i) => `n + ${i}`).join(', ')
    const sources = [
      `local function f(n) ${locals} return f(n + 1) + ${sum} end return f(1)`,
      `local function f(n, ...) return 1 + f(${args}) end return f(1)`,
      `local function f(n) return (f(n) + (f(n) + (f(n) + (f(n) + (f(n) + 1))))) end return f(1)`,
    ]
    for (const source of sources) {
      const host = new ScriptHost()
      let error: unknown
      try {
        host.run(source)
      } catch (thrown) {
        error = thrown
      }
      // Not by the engine's RangeError, whose message has no position.
      expect((error as Error).message).toMatch(/^ERR user_script:1: stack overflow/)
    }
  })

  test('two thousand levels of a plain function are fine', () => {
    const host = new ScriptHost()
    const source =
      'local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(2000)'
    expect(host.run(source)).toBe(2000)
  })
})

describe('memory', () => {
  test.each([
    "return ('x'):rep(1e9)",
    "local s = 'x' while true do s = s .. s end",
    "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end",
    'local t = {} while true do t = {t, {}, {}, {}} end',
    "local s = ('x'):rep(1e6) local t = {} for i = 1, 1e6 do t[i] = s .. i t[i]:byte(1) end",
    "local t = {} for i = 1, 1e9 do t['key' .. i] = i end",
    "return (('x'):rep(1e7):gsub('x', ('y'):rep(1000)))",
    "local t = {} for i = 1, 200 do t[i] = ('x'):rep(1e6) end return table.concat(t, ('y'):rep(1e6))",
    "return ('%99d'):rep(1e6):format(unpack({}, 1, 7000))",
    'local t = {} for i = 1, 5000 do t[i] = t end while true do t = {unpack(t)} t[#t] = {unpack(t)} end',
  ])('is bounded, and the error can be caught: %s', (source) => {
    const host = new ScriptHost({
      memoryLimitBytes: 24 * 1024 * 1024,
      maxStringBytes: 128 * 1024 * 1024,
    })
    expect(() => host.run(source)).toThrow(LuaScriptError)
    const result = host.run(`return tostring(pcall(function() ${source} end))`)
    expect(result).toBe('false')
  })

  test('strings longer than the limit are refused before they are made', () => {
    const host = new ScriptHost({ maxStringBytes: 1000 })
    expect(() => host.run("return ('x'):rep(1001)")).toThrow(/not enough memory/)
    expect(() => host.run("local s = ('x'):rep(600) return s .. s")).toThrow(/not enough memory/)
    expect(() => host.run("return table.concat({('x'):rep(600), ('x'):rep(600)})")).toThrow(
      /not enough memory/,
    )
    expect(host.run("return #('x'):rep(1000)")).toBe(1000)
  })
})

describe('source text', () => {
  test('that nests too deep is a syntax error', () => {
    const host = new ScriptHost()
    const nested = [
      `return ${'('.repeat(300)}1${')'.repeat(300)}`,
      `return ${'{'.repeat(300)}${'}'.repeat(300)}`,
      'if true then '.repeat(250) + 'end '.repeat(250),
      `return ${'-'.repeat(1)}${'not '.repeat(300)}1`,
      `return ${"'x' .. ".repeat(300)}'y'`,
      'function f() '.repeat(250) + 'end '.repeat(250),
      `return ${'f('.repeat(300)}${')'.repeat(300)}`,
      `x${'.y'.repeat(20_000)} = 1`,
      `return f${'()'.repeat(20_000)}`,
    ]
    for (const source of nested)
      expect(() => host.run(source), source.slice(0, 30)).toThrow(/levels|nonexistent/)
  })

  test('with very long chains of operators works', () => {
    const host = new ScriptHost()
    expect(host.run(`local x = 1 return ${'x + '.repeat(5000)}x`)).toBe(5001)
    expect(host.run(`local x = false return ${'x or '.repeat(5000)}7`)).toBe(7)
    expect(host.run(`local x = false if ${'x or '.repeat(5000)}true then return 8 end`)).toBe(8)
  })

  test('with two hundred locals works, with one more it does not', () => {
    const host = new ScriptHost()
    const names = Array.from({ length: 201 }, (_, i) => `local v${i} = ${i}`)
    expect(host.run(`${names.slice(0, 200).join(' ')} return v199`)).toBe(199)
    expect(() => host.run(names.join(' '))).toThrow(
      'main function has more than 200 local variables',
    )
  })
})
