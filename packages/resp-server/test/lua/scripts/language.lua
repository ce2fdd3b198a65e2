## Values, operators, coercions
return 1
return 3.99
return -3.99
return 'a\0b\255'
return true
return false
return nil
return
return {1,2,3}
return {1,2,nil,4}
return {1,{2,{3,{}}}}
return {ok='fine'}
return {err='MY error'}
return {err='single'}
return {double=3.5}
return {big_number='123'}
return {map={a=1}}
return {verbatim_string={format='txt',string='hi'}}
return {ok='line\r\nbreak'}
return {err='line\r\nbreak here'}
return 2^53
return 1e18
return -1e18
return 1e19
return 0/0
return 1/0
return tostring(1/0)..tostring(-1/0)
return tostring(0/0)
return 1+2*3-4/2
return tostring(7%3)..','..tostring(-7%3)..','..tostring(7%-3)..','..tostring(-7%-3)
return tostring(5.5%2)..','..tostring(-5.5%2)..','..tostring(5%1.5)
return tostring(5 % math.huge)
return tostring(-5 % math.huge)
return tostring(5%0)
return tostring(2^10)..','..tostring(2^0.5)..','..tostring((-8)^(1/3))
return 2^3^2
return -2^2
return tostring(-2^-2)
return not nil == true
return tostring(1 == 1.0)..tostring('1' == 1)..tostring(0 == -0)
return tostring(0/0 == 0/0)
return 'a' < 'b'
return tostring('a' < 'B')..tostring('' < 'a')..tostring('a' <= 'a')..tostring('\255' > 'a')
return 1 < 2
return '10' + 5
return '0x10' + 0
return ' 7 ' * '2'
return '1e2' + 0
return tostring('3' ^ '2')
return -'3'
return tostring(- '0x1F')
return '5' % '3'
return 10 .. 20
return 1.5 .. ''
return -0 .. ''
return 1e15 .. ' ' .. 1e14 .. ' ' .. 123456789012345
return 1e100 .. ''
return 2^63 .. ' ' .. -2^63
return 0.1 .. ' ' .. 1/3 .. ' ' .. 100/3
return 1e-5 .. ' ' .. 1e-4 .. ' ' .. 123.456e-10
return 3.14159265358979 .. ''
return 5e-324 .. ' ' .. 1.7976931348623157e308
return 1000000000000.25 .. ' ' .. 1000000000000.75 .. ' ' .. 2^-2 .. ' ' .. 0.5
return 99999999999999 .. ' ' .. 99999999999999.5 .. ' ' .. 999999999999999
return 0x10 .. ' ' .. 0xff .. ' ' .. 0XA
return 1e2 .. ' ' .. .5 .. ' ' .. 5. .. ' ' .. 3e-2
return 1 and 2
return nil and 2
return false or 'x'
return nil or false
return tostring(nil and nil or false)
return 1 and 2 and 3 or 4
return #'abc' + #{1,2,3}
return #'' 
return 'a' .. 'b' .. 'c' == 'abc'
return 1 .. 2 == '12'
return {not 1, not nil, not not 0}
return 'x' .. {}
return 'x' .. nil
return nil .. 'x'
return 'x' .. true
return 1 + nil
return 1 + {}
return 'abc' + 1
return {} + 'abc'
return -{}
return -nil
return -'abc'
return #nil
return #5
return nil < 1
return 1 < 'x'
return {} < {}
return {} <= 1
return nil > nil
return true < false
return 'a' < 1
return print == nil
local a <const> = 1
local x; return x.y
local x = 5; return x.y
local x = 5; x.y = 1
local t = {} return t.x.y
local t = {} t.x.y = 1
local t = {} return t[1][2]
local t = {} return t['a b'].c
local t = {} t[nil] = 1
local t = {} t[0/0] = 1
return ({})[nil]
local t = {} return t[0/0]
return {[nil]=1}
return {[0/0]=1}
local s = 'x' return s.y.z
return ('x').y
return ('abc'):upper()
return ('abc'):len() .. ('abc'):rep(2)
return #('abc'):rep(3)
local x x()
local t = {} t.f()
local t = {} t:f()
local t = {} t[1]()
return (1)()
return ('x')()
nosuch()
nosuch.field = 1
return nosuch
x = 1
_G.x = 1
_G['x'] = 1
string.foo = 1
redis.call = nil
rawset(_G, 'a', 1)
rawset(string, 'a', 1)
table.insert(string, 1)
table.insert(_G, 1)
setmetatable(_G, nil)
setmetatable(string, {})
getmetatable(_G).__index = nil
getmetatable('').__index = nil
return rawget(_G, 'nosuch')
return _G.nosuch
return _G[5]
return _G[{}]
return type(_G) .. type(getmetatable(_G)) .. type(getmetatable(_G).__index)
return _G == _G._G
return _G._G.string == string
return type(KEYS) .. #KEYS .. KEYS[1] .. ARGV[2]
KEYS = nil
KEYS[3] = 'x' return #KEYS
ARGV.foo = 'x' return ARGV.foo
return __redis__err__handler({err='x'})
## Locals, blocks, closures
local a, b, c = 1, 2 return {a, b, tostring(c)}
local a, b = (function() return 1, 2, 3 end)() return {a, b}
local a, b, c = 0, (function() return 1, 2, 3 end)() return {a, b, c}
local a, b = ((function() return 1, 2 end)()) return {a, tostring(b)}
local a = 1 do local a = 2 end return a
local a = 1 local a = a + 1 return a
local a, b = 1, 2 a, b = b, a return {a, b}
local t = {} local i = 1 i, t[i] = i + 1, 20 return {i, t[1], tostring(t[2])}
local a = {} local b = a a.x, a = 1, nil return {b.x, tostring(a)}
local t = {1,2} t[1], t[2] = t[2], t[1] return t
local a, b, c = (function(...) return ... end)(1, nil, 3) return {tostring(a), tostring(b), tostring(c)}
local function f(...) return select('#', ...) end return {f(), f(nil), f(nil, nil), f(1, 2, 3)}
local function f(...) local a, b = ... return {a, b, select('#', ...)} end return f(1, 2, 3)
local function f(a, ...) return {a, ...} end return f(1, 2, 3)
local function f(...) return {..., 'end'} end return f(1, 2, 3)
local function f(...) return {'start', ...} end return f(1, 2, 3)
local function f(...) return (...) end return {f(1, 2, 3)}
local function f(...) return arg.n end return f(1, 2, 3)
local function f(...) return arg[1] .. arg.n end return f('a', 2)
local function f(...) local x = ... return tostring(arg) end return f(1)
local function f(a) return arg end return f(1)
local f = function(a, b) return {tostring(a), tostring(b)} end return f(1)
local f = function(a) return a end return f(1, 2, 3)
local fs = {} for i = 1, 3 do fs[i] = function() return i end end return {fs[1](), fs[2](), fs[3]()}
local fs = {} for i = 1, 3 do fs[i] = function() i = i + 10 return i end end return {fs[1](), fs[1](), fs[2]()}
local fs = {} for _, v in ipairs({5,6}) do fs[#fs+1] = function() return v end end return {fs[1](), fs[2]()}
local fs = {} local n = 0 while n < 3 do n = n + 1 local m = n fs[n] = function() m = m + 1 return m end end return {fs[1](), fs[1](), fs[3]()}
local fs = {} local i = 1 repeat local j = i fs[i] = function() return j end i = i + 1 until j >= 3 return {fs[1](), fs[2](), fs[3]()}
local function counter() local c = 0 return function() c = c + 1 return c end end local a, b = counter(), counter() return {a(), a(), b(), a()}
local function mk() local x = 0 return function() x = x + 1 return x end, function() return x end end local i, g = mk() i() i() return g()
local x = 1 local function f() x = x + 1 return x end return {x + f(), f() + x}
local x = 5 local function f() x = 10 return 1 end return x + f()
local x = 5 local function f() x = 10 return 1 end return f() + x
local x = 1 local function g() return x + (function() x = 100 return 1 end)() end return g()
local x = 5 local function f() x = 'a' return 'b' end return x .. f()
local x = 5 local function f() x = {} return 1 end return tostring(pcall(function() return x < f() end))
local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end return fact(10)
local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(15)
local function even(n) if n == 0 then return true end return not even(n - 1) end return tostring(even(7))
local f local function g(n) if n == 0 then return 'done' end return f(n - 1) end f = function(n) return g(n) end return g(50)
local function f(n) if n == 0 then return 'end' end return f(n - 1) end return f(1000)
local function f() return f() + 1 end return f()
local t = {n = 0} function t.inc(self, k) self.n = self.n + (k or 1) end t:inc() t:inc(5) return t.n
local t = {n = 0} function t:inc(k) self.n = self.n + k return self end return t:inc(1):inc(2).n
local a = {b = {c = {}}} function a.b.c.f(x) return x * 2 end function a.b.c:g(x) return self == a.b.c and x end return {a.b.c.f(4), a.b.c:g(5)}
## Loops
local s = 0 for i = 1, 10 do s = s + i end return s
local s = '' for i = 10, 1, -3 do s = s .. i .. ',' end return s
local s = '' for i = 1, 2, 0.25 do s = s .. i .. ',' end return s
local s = '' for i = 0.1, 0.5, 0.1 do s = s .. i .. ',' end return s
local n = 0 for i = 1, 0 do n = n + 1 end return n
local n = 0 for i = 5, 1 do n = n + 1 end return n
local s = '' for i = '1', '3' do s = s .. i end return s
for i = 'x', 3 do end
for i = 1, 'x' do end
for i = 1, 2, {} do end
for i = nil, 3 do end
local s = '' for i = 1, 3 do local i = i * 2 s = s .. i end return s
local s = '' for i = 1, 5 do if i == 3 then break end s = s .. i end return s
local s = '' for i = 1, 3 do for j = 1, 3 do if j == 2 then break end s = s .. i .. j .. ' ' end end return s
local s = '' for i = 1, 3 do i = i * 10 s = s .. i .. ' ' end return s
local i = 1 while i < 100 do i = i * 2 end return i
local i = 0 while true do i = i + 1 if i > 10 then break end end return i
local i = 0 repeat i = i + 1 until i >= 5 return i
local i = 0 repeat local done = i > 3 i = i + 1 until done return i
local n = 0 for k, v in pairs({10,20,30}) do n = n + k * v end return n
local n = 0 for k in pairs({a=1,b=2,c=3}) do n = n + #k end return n
local s = '' for i, v in ipairs({1,2,nil,4}) do s = s .. v end return s
local s = '' for i, v in ipairs({'a','b'}) do s = s .. i .. v end return s
local t = {1,2,3,4,5} for k in pairs(t) do t[k] = nil end return #t
local t = {a=1,b=2,c=3,d=4} local n = 0 for k in pairs(t) do t[k] = nil n = n + 1 end return {n, tostring(next(t))}
local t = {1,2,3} local n = 0 for i, v in ipairs(t) do if i == 1 then t[4] = 4 end n = n + v end return n
local s = '' for w in string.gmatch('one two three', '%a+') do s = s .. w:sub(1,1) end return s
local function it(s, c) if c < s then return c + 1 end end local r = '' for i in it, 3, 0 do r = r .. i end return r
local function it(s, c) c = (c or 0) + 1 if c <= 3 then return c, c * c end end local r = '' for a, b, d in it do r = r .. a .. b .. tostring(d) end return r
for i in nil do end
for i in 5 do end
for k, v in {} do end
for k, v in pairs(nil) do end
for k, v in ipairs() do end
for k, v in pairs(5) do end
local t = setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c < 4 then return c end end}) local r = '' for i in t do r = r .. i end return r
for i = 1, 3 do local x <close> = 1 end
return (function() for i = 1, 3 do if i == 2 then return i end end end)()
return (function() while true do return 'w' end end)()
return (function() repeat return 'r' until true end)()
if 1 then return 'a' else return 'b' end
if nil then return 'a' elseif false then return 'b' elseif 0 then return 'c' else return 'd' end
local x = 3 if x == 1 then return 'one' elseif x == 2 then return 'two' end
do return 'in do' end
## Tables
return #{1,2,3,nil}
return #{1,2,nil,4}
return #{nil}
return #{nil,nil,3}
return #{n=1}
return {[1]='a',[2]='b'}
return {[1]='a','b'}
return {'a',[1]='b'}
return {1,2,x=5,3}
local t = {1,2,3} t[#t+1] = 4 t[#t+1] = 5 return t
local t = {1,2,3} t[#t] = nil return #t
local t = {1,2,3} t[1] = nil return {#t, tostring(t[1])}
local t = {10,20,30} t[2] = nil t[3] = nil return #t
local t = {} for i = 10, 1, -1 do t[i] = i end return t
local t = {} t[3]=3 t[2]=2 t[1]=1 return t
local t = {} t[1.5] = 'x' t[-1] = 'y' t[0] = 'z' t[2^40] = 'w' return {t[1.5], t[-1], t[0], t[2^40], #t}
local t = {} t['1'] = 'str' t[1] = 'num' return {t['1'], t[1]}
local t = {} t[true] = 1 t[false] = 2 return {t[true], t[false]}
local t = {} local k = {} t[k] = 1 t[{}] = 2 return t[k]
local t = {} t[print or 1] = 1
local t = {} t[tostring] = 'f' return t[tostring]
local t = {__proto__ = 1, constructor = 2, toString = 3, hasOwnProperty = 4} return {t.__proto__, t.constructor, t.toString, t.hasOwnProperty}
local t = {} return tostring(t.__proto__) .. tostring(t.constructor) .. tostring(t['toString']) .. tostring(t.length)
local t = {} t.__proto__ = {x=1} return tostring(t.x) .. type(t.__proto__)
local t = {} t['constructor'] = nil t['__proto__'] = 5 return t['__proto__']
return tostring((''):len()) .. tostring(('').length)
return tostring(('x').constructor)
return tostring(next({})) .. tostring(next({}, nil))
return {next({5})}
return {next({5}, 1)}
return next({5}, 'nokey')
return next()
return next(1)
local t = {} for i = 1, 100 do t['k' .. i] = i end local s = 0 for k, v in pairs(t) do s = s + v end return s
local t = {} for i = 1, 100 do t['k' .. i] = i end for i = 1, 100, 2 do t['k' .. i] = nil end local n = 0 for k, v in pairs(t) do n = n + 1 end return n
local t = {} for i = 1, 1000 do t[i] = i end for i = 1, 999 do t[i] = nil end return {t[1000], tostring(t[999])}
local t = {x=1,y=2} t.x = nil t.z = 3 local s = {} for k, v in pairs(t) do s[#s+1] = k .. v end table.sort(s) return s
local t = {f = function() return 1, 2, 3 end} return {t.f(), t.f()}
return {(function() return 1, 2 end)(), (function() return 3, 4 end)()}
local t = {{1,2},{3,4}} return t[2][1]
local t = {[1+1]='two', ['a'..'b']='ab', [true]='t'} return {t[2], t.ab, t[true]}
local t = {1,2,3;4,5} return #t
local t = {a=1;b=2,} return t.a + t.b
return unpack({1,2,3})
return {unpack({1,2,3})}
return {unpack({1,2,3}, 2)}
return {unpack({1,2,3}, 2, 3)}
return {unpack({1,2,3}, -1, 1)}
return select('#', unpack({}, 1, 3))
return {unpack({1,nil,3})}
return #{unpack({}, 1, 7997)}
return #{unpack({}, 1, 7998)}
return #{unpack({}, 1, 1e9)}
return {unpack({1,2}, 1, 3)}
return unpack()
return unpack(5)
