local t = setmetatable({}, {__index = function(t, k) return k .. '!' end}) return t.foo
local t = setmetatable({}, {__index = {a = 1}}) return {t.a, tostring(t.b)}
local a = setmetatable({}, {__index = setmetatable({}, {__index = {deep = 'x'}})}) return a.deep
local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) t.a = 5 t.a = 7 return t.a
local log = {} local t = setmetatable({}, {__newindex = log}) t.a = 1 return {log.a, tostring(rawget(t, 'a'))}
local t = setmetatable({x = 1}, {__newindex = function() error('no') end}) t.x = 2 return t.x
local t = setmetatable({}, {__newindex = function(t, k) error('no ' .. k) end}) t.y = 2
local t = setmetatable({}, {__call = function(self, a, b) return a + b end}) return t(1, 2)
local t = setmetatable({}, {__call = function(self, ...) return select('#', ...), ... end}) return {t(1, nil)}
local t = setmetatable({}, {__call = 5}) return t()
local t = setmetatable({}, {__add = function(a, b) return 'added' end}) return {t + 1, 1 + t, t + t}
local mt = {__sub = function() return 'sub' end, __mul = function() return 'mul' end, __div = function() return 'div' end, __mod = function() return 'mod' end, __pow = function() return 'pow' end, __unm = function() return 'unm' end} local t = setmetatable({}, mt) return {t - 1, t * 1, t / 1, t % 1, t ^ 1, -t}
local t = setmetatable({}, {__concat = function(a, b) return type(a) .. type(b) end}) return {t .. 'x', 'x' .. t, 1 .. t, t .. t, 'a' .. 'b' .. t}
local t = setmetatable({}, {__concat = function(a, b) return 'C' end}) return 'x' .. t .. 'y' .. 'z'
local mt = {__eq = function() return true end} local a, b = setmetatable({}, mt), setmetatable({}, mt) return {tostring(a == b), tostring(a ~= b), tostring(a == {}), tostring(rawequal(a, b))}
local a, b = setmetatable({}, {__eq = function() return true end}), setmetatable({}, {__eq = function() return true end}) return tostring(a == b)
local mt = {__lt = function(a, b) return a.v < b.v end} local a, b = setmetatable({v=1}, mt), setmetatable({v=2}, mt) return {tostring(a < b), tostring(a > b), tostring(a <= b), tostring(a >= b)}
local mt = {__le = function(a, b) return a.v <= b.v end} local a, b = setmetatable({v=1}, mt), setmetatable({v=2}, mt) return {tostring(a <= b), tostring(a >= b)}
local mt = {__le = function(a, b) return a.v <= b.v end} local a, b = setmetatable({v=1}, mt), setmetatable({v=2}, mt) return a < b
local mt = {__lt = function() return 5 end} local a, b = setmetatable({}, mt), setmetatable({}, mt) return tostring(a < b)
local t = setmetatable({1,2,3}, {__len = function() return 42 end}) return #t
local t = setmetatable({}, {__tostring = function() return 'me' end}) return tostring(t)
local t = setmetatable({}, {__tostring = function() return 5 end}) return tostring(t)
local t = setmetatable({}, {__tostring = 5}) return tostring(t)
local t = setmetatable({}, {__metatable = 'locked'}) return getmetatable(t)
local t = setmetatable({}, {__metatable = 'locked'}) setmetatable(t, {})
return tostring(getmetatable({}))
return type(getmetatable('x'))
return getmetatable('x').__index == string
return getmetatable()
return setmetatable({})
return setmetatable({}, 1)
return setmetatable(1, {})
local t = {} return setmetatable(t, {}) == t
local t = {} t = setmetatable(t, {__index = t}) return t.x
local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x
local a, b = {}, {} setmetatable(a, {__newindex = b}) setmetatable(b, {__newindex = a}) a.x = 1
local t = setmetatable({}, {__index = 5}) return t.x
local t = setmetatable({}, {__index = 'abc'}) return t.len == string.len
local C = {} C.__index = C function C.new(v) return setmetatable({v = v}, C) end function C:get() return self.v end function C:__tostring() return 'C' .. self.v end local o = C.new(9) return {o:get(), tostring(o)}
local A = {} A.__index = A function A:hi() return 'A' .. self:name() end function A:name() return 'a' end local B = setmetatable({}, {__index = A}) B.__index = B function B:name() return 'b' end return setmetatable({}, B):hi()
local t = setmetatable({}, {__index = function(t, k) return rawget(t, k) or 'd' end}) t.a = 'v' return {t.a, t.b}
local p = setmetatable({}, {__index = table}) p:insert('x') p:insert('y') return p:concat(',')
local n = 0 local t = setmetatable({}, {__index = function(_, k) n = n + 1 return k end}) local s = t[1] + t[2] + t[3] return {s, n}
local t = setmetatable({}, {__index = function(t, k) return k end}) local s = 0 for i, v in ipairs(t) do s = s + v end return s
local t = setmetatable({}, {__unm = function(a, b) return rawequal(a, b) end}) return tostring(-t)
local ok, e = pcall(function() return setmetatable({}, {__index = function() error('idx') end}).x end) return e
local ok, e = pcall(function() return setmetatable({}, {__add = function() error({code=7}) end}) + 1 end) return e.code
local t = setmetatable({}, {__mode = 'k'}) t[{}] = 1 return 'ok'
local mt = {} mt.__index = mt mt.__newindex = function(t, k, v) rawset(t, k, v) end local t = setmetatable({}, mt) t.x = 5 return t.x
local a = setmetatable({}, {__lt = function() return true end}) return a < 1
local a = setmetatable({}, {__lt = function() return true end}) return a < {}
local a = setmetatable({}, {__concat = function() return nil end}) return tostring(a .. 'x')
local t = setmetatable({}, {__call = function(_, x) return x * 2 end}) return table.concat({t(1), t(2)}, ',')
return pcall(setmetatable({}, {__call = function(self, x) return x end}), 5)
local t = setmetatable({}, {__call = function(self, x) return x end}) local ok, v = pcall(t, 5) return v
local t = setmetatable({}, {__index = string}) return t.format('%d', 3)
