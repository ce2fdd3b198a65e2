/** Scripts that spend their time in one kind of work, some tens of milliseconds in Redis. */
export const LOADS: readonly { readonly name: string; readonly source: string }[] = [
  { name: 'numeric loop', source: 'local s = 0 for i = 1, 5000000 do s = s + i * 2 end return s' },
  {
    name: 'nested loops, modulo',
    source:
      'local n = 0 for i = 1, 1500 do for j = 1, 1500 do if (i * j) % 7 == 3 then n = n + 1 end end end return n',
  },
  {
    name: 'while loop, unknown types',
    source:
      'local function f(a, b) local i = a while i < b do i = i + 1 end return i end return f(0, 4000000)',
  },
  {
    name: 'fib(27): recursive calls',
    source:
      'local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(27)',
  },
  {
    name: 'calls through a table field',
    source:
      'local t = {} function t.add(a, b) return a + b end local s = 0 for i = 1, 1000000 do s = t.add(s, i) end return s',
  },
  {
    name: 'closures as upvalues',
    source:
      'local function mk() local c = 0 return function() c = c + 1 return c end end local f = mk() for i = 1, 1500000 do f() end return f()',
  },
  {
    name: 'array fill and sum',
    source:
      'local t = {} for i = 1, 300000 do t[i] = i end local s = 0 for k = 1, 5 do for i = 1, #t do s = s + t[i] end end return s',
  },
  {
    name: 'array append with #',
    source: 'for k = 1, 10 do local t = {} for i = 1, 50000 do t[#t + 1] = i end end return 1',
  },
  {
    name: 'table.insert and remove',
    source:
      'local t = {} for i = 1, 200000 do table.insert(t, i) end local s = 0 while #t > 0 do s = s + table.remove(t) end return s',
  },
  {
    name: 'record fields',
    source:
      'local p = {x = 1, y = 2, z = 3} for i = 1, 1000000 do p.x = p.x + p.y p.z = p.z + p.x - p.y end return p.z',
  },
  {
    name: 'small tables made',
    source:
      'local s = 0 for i = 1, 500000 do local p = {x = i, y = i + 1} s = s + p.x + p.y end return s',
  },
  {
    name: 'string keys, many',
    source:
      "local t = {} for i = 1, 50000 do t['key:' .. i] = i end local s = 0 for r = 1, 3 do for i = 1, 50000 do s = s + t['key:' .. i] end end return s",
  },
  {
    name: 'pairs over a hash',
    source:
      "local t = {} for i = 1, 1000 do t['k' .. i] = i end local s = 0 for r = 1, 500 do for k, v in pairs(t) do s = s + v end end return s",
  },
  {
    name: 'ipairs over an array',
    source:
      'local t = {} for i = 1, 1000 do t[i] = i end local s = 0 for r = 1, 1000 do for i, v in ipairs(t) do s = s + v end end return s',
  },
  {
    name: 'objects and methods',
    source:
      'local C = {} C.__index = C function C.new(v) return setmetatable({v = v}, C) end function C:inc(n) self.v = self.v + n return self.v end local o = C.new(0) for i = 1, 1000000 do o:inc(1) end return o.v',
  },
  {
    name: 'string building, ..',
    source: "local s = '' for i = 1, 20000 do s = s .. 'x' .. i end return #s",
  },
  {
    name: 'table.concat',
    source:
      "local r = 0 for k = 1, 20 do local t = {} for i = 1, 10000 do t[i] = 'item' .. i end r = r + #table.concat(t, ',') end return r",
  },
  {
    name: 'string.sub and byte',
    source:
      "local s = ('abcdefghij'):rep(1000) local n = 0 for i = 1, #s do n = n + s:byte(i) if s:sub(i, i) == 'c' then n = n + 1 end end for k = 1, 20 do for i = 1, #s do n = n + s:byte(i) end end return n",
  },
  {
    name: 'gmatch and gsub',
    source:
      "local s = ('key=value; '):rep(2000) local n = 0 for k = 1, 5 do for a, b in s:gmatch('(%w+)=(%w+)') do n = n + #a + #b end end return n + #s:gsub('%w+', string.upper)",
  },
  {
    name: 'string.format',
    source:
      "local n = 0 for i = 1, 100000 do n = n + #string.format('%d:%s:%5.2f', i, 'abc', i / 3) end return n",
  },
  {
    name: 'tostring and tonumber',
    source: 'local s = 0 for i = 1, 300000 do s = s + tonumber(tostring(i)) end return s',
  },
  {
    name: 'table.sort, comparator',
    source:
      'math.randomseed(7) local t = {} for i = 1, 30000 do t[i] = math.random(1000000) end table.sort(t, function(a, b) return a > b end) return t[1]',
  },
  {
    name: 'cjson encode and decode',
    source:
      "local o = {id = 'job:1', data = {a = 1, b = 'two', c = {1, 2, 3}}, opts = {attempts = 3, delay = 0}} local n = 0 for i = 1, 10000 do n = n + #cjson.encode(cjson.decode(cjson.encode(o))) end return n",
  },
  {
    name: 'cmsgpack pack and unpack',
    source:
      "local o = {'key:prefix', 'job', 12345678, 'id', {attempts = 3, delay = 0, removeOnFail = true}} local n = 0 for i = 1, 20000 do n = n + #cmsgpack.unpack(cmsgpack.pack(o)) end return n",
  },
  {
    name: 'pcall',
    source: 'local f = function(x) return x end for i = 1, 500000 do pcall(f, i) end return 1',
  },
  {
    name: 'pcall with errors',
    source: "local f = function() error('x') end for i = 1, 20000 do pcall(f) end return 1",
  },
  {
    name: 'bit operations',
    source:
      'local h = 5381 for i = 1, 500000 do h = bit.bxor(bit.lshift(h, 5), bit.band(h, 255)) + i end return h',
  },
]
