import { describe, expect, test } from 'vitest'
import { LuaScriptError, LuaTable } from '../../src/lua/index.ts'
import { ScriptHost } from './support/script-host.ts'

const JS_NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'caller',
  'arguments',
  'length',
  'name',
  'apply',
  'body',
  'meta',
  'keys',
]

describe('JavaScript is out of reach', () => {
  test.each(JS_NAMES)('%s is an ordinary key of tables', (name) => {
    const host = new ScriptHost()
    expect(host.run(`local t = {} return tostring(t['${name}'])`)).toBe('nil')
    expect(host.run(`local t = {} t['${name}'] = 5 return t.${name}`)).toBe(5)
    expect(host.run(`local t = {${name} = 6} return t['${name}']`)).toBe(6)
    expect(host.run(`local t = {} t.${name} = 1 for k, v in pairs(t) do return k end`)).toBe(name)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test.each(JS_NAMES)('%s is no field of strings, functions, booleans or numbers', (name) => {
    const host = new ScriptHost()
    expect(host.run(`return tostring(('x')['${name}'])`)).toBe('nil')
    for (const value of ['print', 'tostring', '5', 'true', 'function() end']) {
      expect(() => host.run(`local v = ${value} return v['${name}']`)).toThrow(LuaScriptError)
    }
  })

  test.each(JS_NAMES)('%s is no global', (name) => {
    const host = new ScriptHost()
    expect(() => host.run(`return ${name}`)).toThrow(/nonexistent global variable/)
    expect(() => host.run(`return _G['${name}']`)).toThrow(/nonexistent global variable/)
  })

  test('names and strings of any bytes stay data in the generated code', () => {
    const host = new ScriptHost()
    const nasty = [
      '`${1}`',
      '*/ throw 1 /*',
      '\\u0022',
      "'+1+'",
      '</script>',
      '//# sourceURL=x',
      '$R',
      'arguments',
    ]
    for (const text of nasty) {
      const literal = `[==[${text}]==]`
      expect(host.run(`return ${literal}`)).toBe(text)
      expect(host.run(`local t = {} t[ ${literal} ] = 1 return t[ ${literal} ]`)).toBe(1)
    }
    let all = ''
    for (let code = 0; code < 256; code++) all += `\\${String(code).padStart(3, '0')}`
    const result = host.run(`return '${all}'`) as string
    expect(result.length).toBe(256)
    for (let code = 0; code < 256; code++) expect(result.charCodeAt(code)).toBe(code)
  })

  test('locals may have the names of anything in JavaScript', () => {
    const host = new ScriptHost()
    for (const name of [
      'var',
      'this',
      'eval',
      'arguments',
      'await',
      'yield',
      'let',
      'undefined',
      'NaN',
      't1',
      'E',
    ]) {
      expect(host.run(`local ${name} = 5 local function f() return ${name} end return f()`)).toBe(5)
    }
  })
})

describe('what Redis protects', () => {
  test.each([
    'x = 1',
    '_G.x = 1',
    'rawset(_G, "x", 1)',
    'string.x = 1',
    'table.insert(table, 1)',
    'table.remove(KEYS, 1) table.sort(math) table.insert(redis, 1)',
    'cjson.null = 1',
    'getmetatable("").__index = nil',
    'getmetatable(_G).__index = nil',
    'setmetatable(_G, {})',
    'setmetatable(string, {})',
    'redis.call = nil',
    'bit.band = 1',
    'os.clock = 1',
  ])('%s is refused', (source) => {
    const host = new ScriptHost()
    expect(() => host.run(source)).toThrow(/readonly table|nonexistent/)
    expect(host.run('return type(string.x) .. type(redis.call) .. ("x"):upper()')).toBe(
      'nilfunctionX',
    )
  })

  test('scripts leave nothing behind for the next one', () => {
    const host = new ScriptHost()
    host.run('KEYS.leak = 1 ARGV[5] = 2', ['a'], ['b'])
    expect(host.run('return tostring(KEYS.leak) .. tostring(ARGV[5]) .. #KEYS')).toBe('nilnil0')
  })

  test('deprecated functions are there only when asked for', () => {
    expect(() => new ScriptHost().run('return setfenv')).toThrow(/nonexistent/)
    const host = new ScriptHost({}, true)
    expect(
      host.run('local function f() return y end setfenv(f, {y = 5}) return f() + (getfenv(f).y)'),
    ).toBe(10)
    expect(host.run('local f = loadstring("return z") return pcall(setfenv, f, {}) and 1')).toBe(
      false,
    )
    expect(
      host.run(
        'local p = newproxy(true) getmetatable(p).__len = function() return 7 end return #p',
      ),
    ).toBe(7)
    expect(host.run('return type(newproxy())')).toBe('userdata')
    expect(() => host.run('return #newproxy(true)')).toThrow(/get length of/)
  })

  test('os has nothing but the clock', () => {
    const host = new ScriptHost()
    expect(
      host.run("local n = '' for k in pairs(os) do n = n .. k end return n .. type(os.clock())"),
    ).toBe('clocknumber')
  })
})

describe('what the host gets', () => {
  test('texts of errors, their line, and whether they were counted', () => {
    const host = new ScriptHost()
    const failure = (source: string): LuaScriptError => {
      try {
        host.run(source)
      } catch (error) {
        if (error instanceof LuaScriptError) return error
        throw error
      }
      throw new Error('did not fail')
    }
    expect(failure("\n\nerror('x')")).toMatchObject({
      message: 'ERR user_script:3: x',
      line: 3,
      source: '@user_script',
      isCounted: false,
    })
    expect(failure("redis.call('nosuch')")).toMatchObject({ isCounted: true, line: 1 })
    expect(failure("error({err = 'MY text'})").reply('f')).toBe(
      'MY text script: f, on @user_script:1.',
    )
    expect(failure('error({})').message).toBe('ERR unknown error')
    expect(failure('error({1, 2})').value).toBeInstanceOf(LuaTable)
  })

  test('log lines with their level', () => {
    const host = new ScriptHost()
    host.run("redis.log(redis.LOG_WARNING, 'a', 5, 'b')")
    expect(host.host.logged).toEqual(['3 a 5 b'])
  })

  test('functions that scripts hand over can be called later', () => {
    const host = new ScriptHost()
    const fn = host.run('local n = 0 return function(k) n = n + k return n end')
    expect(typeof fn).toBe('function')
    if (typeof fn !== 'function') return
    expect(host.sandbox.call(fn, [5])).toBe(5)
    expect(host.sandbox.call(fn, [5])).toBe(10)
  })

  test('errors of dropped scripts still have positions', () => {
    const host = new ScriptHost()
    const fn = host.run("return function() error('late') end")
    for (let i = 0; i < 2000; i++) host.runtime.compile(`return ${i}`, '@user_script')
    if (typeof fn !== 'function') throw new TypeError('no function')
    expect(() => host.sandbox.call(fn, [])).toThrow('user_script:1: late')
  })

  test('options out of range are refused by name', () => {
    expect(() => new ScriptHost({ instructionsPerCheck: 0 })).toThrow(RangeError)
    expect(() => new ScriptHost({ stackWords: 1.5 })).toThrow(/stackWords/)
  })
})
