error('plain')
error('level0', 0)
error('level1', 1)
error('level2', 2)
error()
error(nil)
error(5)
error(true)
error({err='TABLE err'})
error({err='single'})
return {pcall(error, 'x')}
return {pcall(error)}
return {pcall(error, {err='E'})}
return {pcall(error, 'x', 2)}
return {pcall(function() error('a') end)}
return {pcall(function() error('a', 0) end)}
return {pcall(function() error('a', 1) end)}
return {pcall(function() error('a', 2) end)}
local function f() error('deep', 2) end local function g() f() end return {pcall(g)}
local function f() error('deep', 3) end local function g() f() return 1 end local function h() g() return 1 end return {pcall(h)}
return {pcall(nil)}
return {pcall(5)}
return {pcall(function() return 1, 2, 3 end)}
return {pcall(function(...) return select('#', ...) end, nil, nil)}
return {xpcall(function() error('x') end, function(e) return 'H:' .. e end)}
return {xpcall(function() return 1, 2 end, function(e) return 'H' end)}
return {xpcall(function() local x = nil; x() end, function(e) return e end)}
return {xpcall(error, function(e) return tostring(e) end)}
return xpcall()
return xpcall(function() end)
local ok, e = pcall(function() error({code = 5}) end) return {tostring(ok), e.code}
local ok, e = pcall(function() error(setmetatable({}, {__tostring = function() return 'custom' end})) end) return tostring(e)
local ok, e = pcall(error, nil) return tostring(e)
local ok, a, b = pcall(pcall, error, 'z') return {tostring(ok), tostring(a), b}
assert(false)
assert(nil, 'message')
assert(false, 5)
assert(1 == 1, 'x') return 'fine'
return {assert(1, 2, 3)}
assert()
assert(nil, {})
return {pcall(assert, false, 'msg')}
return {pcall(assert, false)}
local function f() local t = nil return t.x end return {pcall(f)}
local t = {} local function f() return t.x.y end return {pcall(f)}
local function f() return undefinedvar end return {pcall(f)}
local function f() undefinedvar = 1 end return {pcall(f)}
return {pcall(function() return math.floor({}) end)}
return {pcall(function() return ('x'):rep({}) end)}
return {pcall(function() return ('x'):rep() end)}
return {pcall(function() local s = string.rep; return s() end)}
return {pcall(function() local t = {r = string.rep}; return t.r() end)}
return {pcall(string.rep)}
return {pcall(string.rep, 'x')}
return {pcall(string.rep, 'x', 'y')}
return {pcall(string.rep, {}, 1)}
return {pcall(function() return string.rep('x', nil) end)}
return {pcall(function() string.char(256) end)}
return {pcall(function() string.char(-1) end)}
return {pcall(function() return tonumber() end)}
return {pcall(function() return tostring() end)}
return {pcall(function() return type() end)}
return {pcall(function() return setmetatable(1, 2) end)}
return {pcall(function() return select(0) end)}
return {pcall(function() return select(-5, 1) end)}
return {pcall(function() return rawget(1, 2) end)}
return {pcall(function() return rawset({}, nil, 2) end)}
return {pcall(function() return rawset({}, 1) end)}
return {pcall(function() return ipairs() end)}
return {pcall(function() return table.concat({{}}) end)}
return {pcall(function() return table.concat({1,2,nil,4}, ',', 1, 4) end)}
return {pcall(function() return ({}).x.y.z end)}
return {pcall(function() local a = {b = {}} return a.b.c.d end)}
return {pcall(function() local a = {b = {}} a.b.c.d = 1 end)}
return {pcall(function() local a = {} a.f() end)}
return {pcall(function() local a = {} a:g() end)}
return {pcall(function() local a = {} a.b:g() end)}
return {pcall(function() local a = {} return a[1] .. 'x' end)}
return {pcall(function() local a, b = 1 return a + b end)}
return {pcall(function() local a = {} return a.x + 1 end)}
return {pcall(function() local a = {} return 1 + a.x end)}
return {pcall(function() local a = {} return a.x * a.y end)}
return {pcall(function() local a = {} return -a.x end)}
return {pcall(function() local a = {} return #a.x end)}
return {pcall(function() local a return #a end)}
return {pcall(function() local a = {} return a.x .. 'y' end)}
return {pcall(function() local a = {} return 'x' .. a.y .. 'z' end)}
return {pcall(function() local a = {} return a.x < 1 end)}
return {pcall(function() local a = 'x' return a < 1 end)}
return {pcall(function() return KEYS.x.y end)}
return {pcall(function() return string.x.y end)}
return {pcall(function() return string.nosuch() end)}
return {pcall(function() return string:nosuch() end)}
return {pcall(function() return (nil)[1] end)}
return {pcall(function() return (function() end)().x end)}
return {pcall(function() return (function() end)() + 1 end)}
return {pcall(function() return (function() end)()() end)}
return {pcall(function() local t = {{}} return t[1].x.y end)}
return {pcall(function() local k = 'x' local t = {} return t[k].y end)}
return {pcall(function() for i = 1, 'a' do end end)}
return {pcall(function() for i = {}, 1 do end end)}
return {pcall(function() for k in 5 do end end)}
return {pcall(function() local a = 'abc' a.b.c = 1 end)}
return {pcall(function() local a = 'abc' a.b = 1 end)}
return {pcall(function() local a = 5 a.b = 1 end)}
return {pcall(function() local t = setmetatable({}, {__index = function(t, k) error('missing ' .. k) end}) return t.foo end)}
return {pcall(function() local t = setmetatable({}, {__index = function(t, k) error('missing ' .. k, 2) end}) return t.foo end)}
return {pcall(function() table.sort({3, 1, 'x'}) end)}
return {pcall(function() table.sort({1, 2, 3, {}}) end)}
return {pcall(function() table.sort({3, 2, 1}, function(a, b) error('cmp') end) end)}
return {pcall(function() string.gsub('abc', '%w', function(c) error('rep ' .. c) end) end)}
return {pcall(function() ('x'):gsub('x', function() local n; n.x = 1 end) end)}
return {pcall(loadstring, 'x = ')}
return {pcall(string.format, '%d', {})}
return {pcall(string.format, '%y', 1)}
return {pcall(string.format)}
return {pcall(string.format, '%d')}
return {pcall(next, {}, 'x')}
return {pcall(unpack, {}, 1, 1e8)}
return {pcall(redis.call)}
return {pcall(redis.call, 'nosuchcommand')}
return {pcall(redis.call, 'set', 'x')}
return {pcall(redis.call, {})}
return redis.pcall('nosuchcommand')
return redis.pcall('set', 'x')
return redis.pcall({})
return redis.call('nosuchcommand')
redis.call('nosuchcommand') return 1
local r = redis.pcall('nosuchcommand') return r.err
local r = redis.pcall('nosuchcommand') return type(r) .. tostring(r.ok) .. tostring(r.ignore_error_stats_update)
local r = redis.pcall('nosuchcommand') error(r)
local ok, e = pcall(redis.call, 'nosuchcommand') error(e)
local ok, e = pcall(redis.call, 'nosuchcommand') error({err = e})
return redis.error_reply('ERR custom')
return redis.error_reply('custom')
return redis.error_reply('-CODE custom')
return redis.error_reply('CODE a b c')
return redis.error_reply('')
return redis.error_reply(5)
return redis.error_reply()
return redis.error_reply('a', 'b')
return redis.status_reply('GOOD')
return redis.status_reply('')
return redis.status_reply(5)
return redis.status_reply()
return redis.sha1hex('')
return redis.sha1hex('hello')
return redis.sha1hex(123)
return redis.sha1hex('a\0b\255')
return redis.sha1hex()
return redis.sha1hex('a', 'b')
redis.log()
redis.log(1)
redis.log('x', 'y')
redis.log(99, 'y')
redis.log(-1, 'y')
return redis.log(redis.LOG_DEBUG, 'a', 'b')
return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING}
return {redis.REPL_NONE, redis.REPL_AOF, redis.REPL_SLAVE, redis.REPL_REPLICA, redis.REPL_ALL}
return redis.replicate_commands()
return tostring(redis.breakpoint())
return tostring(redis.debug('x'))
return redis.setresp()
return redis.setresp(4)
return redis.setresp('x')
redis.setresp(3) return 1
redis.setresp(3) redis.setresp(2) return true
return redis.set_repl()
return redis.set_repl(9)
return redis.set_repl(redis.REPL_ALL)
return tostring(redis.acl_check_cmd('ping'))
return redis.acl_check_cmd('nosuch')
return redis.acl_check_cmd()
return redis.REDIS_VERSION
return redis.REDIS_VERSION_NUM
return redis.call('set', KEYS[1], ARGV[1])
redis.call('set', 'a', 1.5) return redis.call('get', 'a')
redis.call('set', 'a', 0.1) return redis.call('get', 'a')
redis.call('set', 'a', 1e15) return redis.call('get', 'a')
redis.call('set', 'a', 2^53) return redis.call('get', 'a')
redis.call('set', 'a', 1e20) return redis.call('get', 'a')
redis.call('set', 'a', -0) return redis.call('get', 'a')
redis.call('set', 'a', 1/3) return redis.call('get', 'a')
redis.call('set', 'a', 1/0) return redis.call('get', 'a')
redis.call('set', 'a', 100) return redis.call('incr', 'a')
return redis.call('get', 'nokey')
return tostring(redis.call('get', 'nokey'))
return redis.call('mget', 'a', 'b')
return redis.call('ping')
return redis.call('ping').ok
return redis.call('ping', 'x')
return redis.call('set', 'a', true)
return redis.call('set', 'a', nil)
return redis.call('echo', 'a\0b')
redis.call('set', 'a', 'abc') return redis.call('incr', 'a')
return #redis.call('mget', 'a', 'b', 'c')
return type(redis.call('set', 'a', 'b')) .. type(redis.call('get', 'a')) .. type(redis.call('incr', 'n'))
<<<
local a = 1
local b = nil
return a +
  b
>>>
<<<
local t = {}
return t
  .x
  .y
>>>
<<<
local function f()
  error('three')
end
f()
>>>
<<<
local function f()
  error('caller', 2)
end
local x = 1
f()
>>>
<<<
-- comment
--[[ long
comment ]]
error('line 4')
>>>
<<<
local s = [[
a
b]]
error(s .. #s)
>>>
<<<
local s = 'a\
b'
error('after' .. #s)
>>>
<<<
foo(
  1,
  2
)
>>>
<<<
string.rep(
  'x',
  {}
)
>>>
<<<
local x = {
  a = 1,
  b = nil + 1,
}
>>>
<<<
if true then
  local z
  z.y = 1
end
>>>
<<<
for i = 1, 3 do
  if i == 2 then
    error('i' .. i)
  end
end
>>>
<<<
return pcall(
  function()
    error('nested')
  end
)
>>>
<<<
local ok, err = pcall(function()
  local x = nil
  return x.y
end)
return err
>>>
<<<
local f = loadstring("local x = 1\nerror('inner')", '@chunk')
local ok, err = pcall(f)
return err
>>>
<<<
local f = loadstring("local x = 1\nerror('inner')")
local ok, err = pcall(f)
return err
>>>
<<<
local f = loadstring("error('inner') -- a very long first line that goes on and on and on and on to be cut")
local ok, err = pcall(f)
return err
>>>
