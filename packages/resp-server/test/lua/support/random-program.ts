/** A small seeded generator; the same seed gives the same programs. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0 || 1
  }

  next(): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    this.state >>>= 0
    return this.state / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

const PRELUDE = `local out = {}
local function show(v)
  local t = type(v)
  if t == 'table' then return 'table#' .. #v end
  if t == 'function' then return t end
  if t == 'string' and v:find('0x%x%x%x%x%x') then return 'address' end
  return tostring(v)
end
local function emit(...)
  for i = 1, select('#', ...) do out[#out + 1] = show((select(i, ...))) end
end
`

const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '7',
  '10',
  '0.5',
  '-2.5',
  '1e3',
  '255',
  '1/3',
  '2^31',
  '1e15',
  '100',
]
const STRINGS = [
  "''",
  "'a'",
  "'abc'",
  "'10'",
  "'0x1f'",
  "' 5 '",
  "'x=1, y=2'",
  "'Hello World'",
  "'%d'",
  "'a.b'",
  "'\\0z'",
]
const PATTERNS = [
  "'%w+'",
  "'(%w)(%w)'",
  "'.-'",
  "'a*'",
  "'[^a-c]'",
  "'^%s*'",
  "'%d+'",
  "'l+'",
  "'()'",
  "'%f[%w]'",
]
const ARITHMETIC = ['+', '-', '*', '/', '%', '^']
const COMPARISON = ['<', '<=', '>', '>=', '==', '~=']

/** Writes a Lua program that ends, whose reply depends on nothing but itself. */
export class ProgramGenerator {
  private readonly random: Random
  private variables: string[] = []
  private functions: string[] = []
  private nextName = 0
  private depth = 0

  constructor(random: Random) {
    this.random = random
  }

  program(): string {
    const lines: string[] = []
    const count = 3 + this.random.below(6)
    for (let i = 0; i < count; i++) lines.push(this.guarded())
    return `${PRELUDE}${lines.join('\n')}\nreturn table.concat(out, '|')`
  }

  /** A statement, often in a pcall whose error goes to the output. */
  private guarded(): string {
    if (this.random.next() < 0.15) return this.statement()
    const outer = this.variables.length
    const functions = this.functions.length
    const body = this.block(1 + this.random.below(4))
    this.variables.length = outer
    this.functions.length = functions
    return `emit(pcall(function()\n${body}\nend))`
  }

  private block(count: number): string {
    const variables = this.variables.length
    const functions = this.functions.length
    const lines: string[] = []
    this.depth++
    for (let i = 0; i < count; i++) lines.push(this.statement())
    this.depth--
    this.variables.length = variables
    this.functions.length = functions
    return lines.join('\n')
  }

  private statement(): string {
    const { random } = this
    const kind = random.below(this.depth > 2 ? 6 : 14)
    switch (kind) {
      case 0:
      case 1: {
        const value = this.expr(2)
        const name = this.name('v')
        this.variables.push(name)
        return `local ${name} = ${value}`
      }
      case 2:
        return this.variables.length === 0
          ? `emit(${this.expr(2)})`
          : `${random.pick(this.variables)} = ${this.expr(2)}`
      case 3:
      case 4:
        return `emit(${this.expr(3)})`
      case 5:
        return this.multipleAssignment()
      case 6:
        return `if ${this.expr(2)} then\n${this.block(2)}\nelseif ${this.expr(1)} then\n${this.block(1)}\nelse\n${this.block(1)}\nend`
      case 7:
        return this.numericFor()
      case 8:
        return this.whileLoop()
      case 9:
        return this.functionDeclaration()
      case 10:
        return this.tableWork()
      case 11:
        return this.closureWork()
      case 12:
        return this.metatableWork()
      default:
        return `for k, w in ipairs(${this.tableExpr()}) do\nemit(k, w)\n${this.block(1)}\nend`
    }
  }

  private multipleAssignment(): string {
    const a = this.name('a')
    const b = this.name('a')
    const value = `${this.expr(2)}, ${this.expr(2)}`
    this.variables.push(a, b)
    const swap = this.random.next() < 0.5 ? `\n${a}, ${b} = ${b}, ${a}` : ''
    return `local ${a}, ${b} = ${value}${swap}`
  }

  private numericFor(): string {
    const { random } = this
    const name = this.name('i')
    const bounds = random.pick(['1, 3', '3, 1, -1', '0, 1, 0.5', '1, 0', "'1', 2", '-1, 1'])
    this.variables.push(name)
    const body = this.block(2)
    this.variables.pop()
    const leave = random.next() < 0.2 ? `\nif ${this.expr(1)} then break end` : ''
    return `for ${name} = ${bounds} do\nemit(${name})\n${body}${leave}\nend`
  }

  private whileLoop(): string {
    const name = this.name('n')
    const body = this.block(2)
    if (this.random.next() < 0.5) {
      return `local ${name} = 0\nwhile ${name} < 3 do\n${name} = ${name} + 1\n${body}\nend`
    }
    return `local ${name} = 0\nrepeat\nlocal done = ${name} > 1\n${name} = ${name} + 1\n${body}\nuntil done`
  }

  private functionDeclaration(): string {
    const { random } = this
    const name = this.name('f')
    const isVararg = random.next() < 0.3
    const saved = this.variables
    this.variables = [...saved, 'p', 'q']
    const body = this.block(1 + random.below(3))
    const result = isVararg ? `select('#', ...), ${this.expr(2)}` : this.expr(2)
    this.variables = saved
    this.functions.push(name)
    const params = isVararg ? 'p, q, ...' : 'p, q'
    return `local function ${name}(${params})\n${body}\nreturn ${result}\nend`
  }

  private tableWork(): string {
    const name = this.name('t')
    const value = this.tableExpr()
    this.variables.push(name)
    const { random } = this
    const work = random.pick([
      `${name}[#${name} + 1] = ${this.expr(1)} or 0`,
      `table.insert(${name}, ${this.expr(1)} or 1)`,
      `emit(table.remove(${name}))`,
      `table.sort(${name}) emit(unpack(${name}))`,
      `emit(table.concat(${name}, ','))`,
      `${name}.x = ${this.expr(1)} emit(${name}.x)`,
      `${name}[${this.expr(1)}] = ${this.expr(1)}`,
      `emit(unpack(${name}))`,
      `emit(#${name}, ${name}[1], ${name}[${this.expr(1)}])`,
    ])
    return `local ${name} = ${value}\n${work}`
  }

  private closureWork(): string {
    const name = this.name('c')
    const value = this.expr(1)
    this.functions.push(name)
    return (
      `local ${name}\ndo\nlocal u = ${value}\n${name} = function(p, q)\n` +
      `local old = u\nu = p\nreturn old, q\nend\nend\nemit(${name}(${this.expr(1)}))`
    )
  }

  private metatableWork(): string {
    const { random } = this
    const event = random.pick([
      '__add',
      '__sub',
      '__concat',
      '__unm',
      '__call',
      '__lt',
      '__le',
      '__eq',
      '__mod',
    ])
    const name = this.name('m')
    const make = `setmetatable({}, mt${name})`
    const use: Record<string, string> = {
      __unm: `-${name}`,
      __call: `${name}(${this.expr(1)})`,
      __lt: `${name} < ${make}`,
      __le: `${name} <= ${make}`,
      __eq: `${name} == ${make}`,
      __concat: `${name} .. ${this.expr(1)}`,
      __sub: `${this.expr(1)} - ${name}`,
      __mod: `${name} % ${this.expr(1)}`,
    }
    return (
      `local mt${name} = {${event} = function(a, b) return ${this.expr(1)} end, ` +
      `__index = function(t, k) return k end}\nlocal ${name} = ${make}\n` +
      `emit(${name}.field, ${use[event] ?? `${name} + ${this.expr(1)}`})`
    )
  }

  private tableExpr(): string {
    const { random } = this
    const items: string[] = []
    const count = random.below(5)
    for (let i = 0; i < count; i++)
      items.push(random.next() < 0.7 ? random.pick(NUMBERS) : `(${this.atom()} or 4)`)
    if (random.next() < 0.3) items.push(`y = ${this.expr(1)}`)
    return `{${items.join(', ')}}`
  }

  private expr(depth: number): string {
    const { random } = this
    if (depth <= 0 || random.next() < 0.2) return this.atom()
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
        return `(${this.number(depth - 1)} ${random.pick(ARITHMETIC)} ${this.number(depth - 1)})`
      case 3:
        return `(${this.expr(depth - 1)} ${random.pick(COMPARISON)} ${this.expr(depth - 1)})`
      case 4:
        return `(${this.expr(depth - 1)} ${random.pick(['and', 'or'])} ${this.expr(depth - 1)})`
      case 5:
        return `(${this.atom()} .. ${this.atom()} .. ${this.expr(depth - 1)})`
      case 6:
        return random.pick([
          `not ${this.expr(depth - 1)}`,
          `-(${this.number(depth - 1)})`,
          `#${this.string()}`,
        ])
      case 7:
        return this.stringCall(depth)
      case 8:
        return this.numberCall(depth)
      case 9:
        return this.functions.length === 0
          ? this.atom()
          : `${random.pick(this.functions)}(${this.expr(depth - 1)}, ${this.expr(depth - 1)})`
      case 10:
        return `(${this.tableExpr()})[${random.pick(['1', '2', "'y'", this.atom()])}]`
      default:
        return `(${this.expr(depth - 1)} ${random.pick(ARITHMETIC)} ${this.expr(depth - 1)})`
    }
  }

  private number(depth: number): string {
    const { random } = this
    if (depth <= 0 || random.next() < 0.5) return random.pick(NUMBERS)
    return this.expr(depth)
  }

  private string(): string {
    return this.random.pick(STRINGS)
  }

  private stringCall(depth: number): string {
    const { random } = this
    const s = random.next() < 0.8 ? `(${this.string()})` : `tostring(${this.atomOfText()})`
    const n = random.pick(NUMBERS)
    return random.pick([
      `${s}:sub(${n}, ${random.pick(NUMBERS)})`,
      `${s}:upper()`,
      `${s}:rep(${random.pick(['0', '1', '3', '-1'])})`,
      `${s}:byte(${n})`,
      `${s}:find(${random.pick(PATTERNS)})`,
      `${s}:match(${random.pick(PATTERNS)})`,
      `${s}:gsub(${random.pick(PATTERNS)}, ${random.pick(["'<%0>'", "'%1'", "''", 'string.upper'])})`,
      `${s}:reverse()`,
      `#${s}`,
      `string.format('%5.2f|%d|%s|%x|%g', ${n}, ${n}, ${s}, 255, ${n})`,
      `string.format('%q', ${s})`,
      `tonumber(${s})`,
      `tostring(${this.number(depth - 1)})`,
      `cjson.encode(${this.tableExpr()})`,
    ])
  }

  private numberCall(depth: number): string {
    const { random } = this
    const n = this.number(depth - 1)
    return random.pick([
      `math.floor(${n})`,
      `math.max(${n}, ${random.pick(NUMBERS)})`,
      `math.abs(${n})`,
      `math.fmod(${n}, ${random.pick(NUMBERS)})`,
      `bit.band(${n}, 255)`,
      `bit.bxor(${n}, ${random.pick(NUMBERS)})`,
      `bit.lshift(${n}, ${random.pick(['1', '4', '31', '33'])})`,
      `select('#', ${this.expr(depth - 1)}, ${this.expr(depth - 1)})`,
      `tonumber(${this.string()}, ${random.pick(['10', '16', '2'])})`,
      `#cmsgpack.pack(${this.tableExpr()})`,
      `struct.unpack('>I4', struct.pack('>I4', ${n}))`,
    ])
  }

  /** What prints the same everywhere. */
  private atomOfText(): string {
    return this.random.pick([...NUMBERS, ...STRINGS, 'nil', 'true'])
  }

  private atom(): string {
    const { random } = this
    if (this.variables.length > 0 && random.next() < 0.5) return random.pick(this.variables)
    const roll = random.next()
    if (roll < 0.5) return random.pick(NUMBERS)
    if (roll < 0.8) return this.string()
    return random.pick(['nil', 'true', 'false', '{}', 'KEYS[1]', 'ARGV[2]'])
  }

  private name(prefix: string): string {
    return `${prefix}${++this.nextName}`
  }
}
