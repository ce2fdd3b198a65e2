## table
local t = {} table.insert(t, 'a') table.insert(t, 'b') return t
local t = {1,2,3} table.insert(t, 1, 0) return t
local t = {1,2,3} table.insert(t, 2, 'x') return t
local t = {1,2,3} table.insert(t, 4, 'x') return t
local t = {1,2,3} table.insert(t, 5, 'x') return {#t, t[5]}
local t = {1,2,3} table.insert(t, 0, 'x') return {t[0], t[1], t[2], t[3], tostring(t[4])}
local t = {1,2,3} table.insert(t, -1, 'x') return {t[-1], t[0], t[1], t[2], t[3], tostring(t[4])}
table.insert({}, 1, 2, 3)
table.insert({})
table.insert()
table.insert(nil, 1)
table.insert({}, 'x', 1)
local t = {} table.insert(t, nil) return #t
local t = {1} table.insert(t, 1, nil) return {tostring(t[1]), t[2], #t}
local t = {1,2,3} return {table.remove(t), #t}
local t = {1,2,3} return {table.remove(t, 1), t[1], t[2], #t}
local t = {1,2,3} return {table.remove(t, 2), unpack(t)}
local t = {1,2,3} return select('#', table.remove(t, 4))
local t = {1,2,3} return select('#', table.remove(t, 0))
local t = {} return select('#', table.remove(t))
local t = {1,2,3} return {table.remove(t, 3), #t}
local t = {1,2,3} return {table.remove(t, '2'), #t}
table.remove()
table.remove({}, 'x')
return table.concat({})
return table.concat({1,2,3})
return table.concat({1,2,3}, ', ')
return table.concat({1,2,3}, ', ', 2)
return table.concat({1,2,3}, ', ', 2, 3)
return table.concat({1,2,3}, ', ', 3, 2)
return table.concat({'a', 1.5, 'b'}, '-')
return table.concat({1,2,3}, 0)
return table.concat({1,{},3})
return table.concat({1,true}, ',')
return table.concat({1,2}, ',', 1, 3)
return table.concat({1,2}, {})
return table.concat()
return table.concat({[5]='x'}, '', 5, 5)
local t = {3,1,2} table.sort(t) return t
local t = {'b','a','c'} table.sort(t) return t
local t = {'b','a','B','A','10','9'} table.sort(t) return t
local t = {3,1,2} table.sort(t, function(a, b) return a > b end) return t
local t = {1.5,-2,0,10,-0.5} table.sort(t) return table.concat(t, ' ')
local t = {} for i = 1, 50 do t[i] = (i * 37) % 50 end table.sort(t) return t
local t = {} for i = 1, 50 do t[i] = (i * 37) % 50 end table.sort(t, function(a, b) return a > b end) return t
local t = {} for i = 1, 30 do t[i] = {k = i % 5, i = i} end table.sort(t, function(a, b) return a.k < b.k end) local r = {} for i, v in ipairs(t) do r[i] = v.k .. ':' .. v.i end return r
local t = {3,1,2,5,4} table.sort(t, function(a, b) return true end) return t
local t = {} for i = 1, 20 do t[i] = i end table.sort(t, function(a, b) return true end) return t
local t = {1,1,1,1,1} table.sort(t, function(a, b) return true end) return t
local t = {3,1,2} table.sort(t, function(a, b) return false end) return t
local t = {5,2,8,1} table.sort(t, function(a, b) return a <= b end) return t
local t = {1,'x'} table.sort(t)
local t = {{},{}} table.sort(t)
local t = {3,nil,1} table.sort(t)
local t = {0/0,1,2} table.sort(t) return 'ok'
table.sort({1,2}, 5)
table.sort({2,1}, 'x')
table.sort()
local t = {} table.sort(t) return #t
local t = {1} table.sort(t) return t
local mt = {__lt = function(a, b) return a.v < b.v end} local t = {} for i = 1, 5 do t[i] = setmetatable({v = (i * 3) % 5}, mt) end table.sort(t) local r = {} for i, x in ipairs(t) do r[i] = x.v end return r
return table.getn({1,2,3})
return table.maxn({1,2,3,[10]=1,[2.5]=1})
return table.maxn({}) .. table.maxn({x=1})
return table.setn({}, 5)
local s = 0 table.foreach({1,2,3}, function(k, v) s = s + k * v end) return s
return table.foreach({1,2,3}, function(k, v) if v == 2 then return 'found' end end)
local s = '' table.foreachi({'a','b'}, function(i, v) s = s .. i .. v end) return s
return table.foreachi({1,2,3}, function(i, v) if i == 2 then return v * 10 end end)
table.foreach({1})
return table.unpack == nil
return table.pack == nil
return #table
## math
return {math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2)}
return tostring(math.floor(-0.5)) .. tostring(math.ceil(-0.5))
return {math.abs(-5), math.max(1, 5, 3), math.min(1, -5, 3)}
return math.max()
return math.max('x')
return math.max('5', 3)
return tostring(math.max(0/0, 1)) .. tostring(math.max(1, 0/0))
return math.sqrt(16) .. ' ' .. math.sqrt(2)
return tostring(math.sqrt(-1))
return math.pow(2, 10) .. ' ' .. math.pow(2, 0.5)
return tostring(math.pow(1, 0/0)) .. tostring(math.pow(-1, 1/0)) .. tostring(math.pow(0, -1))
return math.fmod(7, 3) .. ' ' .. math.fmod(-7, 3) .. ' ' .. math.fmod(7, -3) .. ' ' .. math.fmod(5.5, 2)
return tostring(math.fmod(1, 0)) .. tostring(math.fmod(5, 1/0))
return math.mod(7, 4)
local a, b = math.modf(3.7) return a .. ' ' .. b
local a, b = math.modf(-3.7) return a .. ' ' .. b
local a, b = math.modf(5) return a .. ' ' .. b
local a, b = math.modf(1/0) return a .. ' ' .. b
local a, b = math.modf(-1/0) return a .. ' ' .. b
local a, b = math.modf(-0.5) return a .. ' ' .. b
local a, b = math.frexp(8) return a .. ' ' .. b
local a, b = math.frexp(0.1) return a .. ' ' .. b
local a, b = math.frexp(-5) return a .. ' ' .. b
local a, b = math.frexp(0) return a .. ' ' .. b
local a, b = math.frexp(5e-324) return a .. ' ' .. b
local a, b = math.frexp(1.7976931348623157e308) return a .. ' ' .. b
return math.ldexp(0.5, 4) .. ' ' .. math.ldexp(1, -1074) .. ' ' .. math.ldexp(1, 1024) .. ' ' .. math.ldexp(5e-324, 1074)
return math.exp(0) .. ' ' .. math.exp(1) .. ' ' .. math.log(10) .. ' ' .. math.log10(1000)
return tostring(math.log(0)) .. tostring(math.log(-1))
return math.log(8, 2)
return math.sin(1) .. ' ' .. math.cos(1) .. ' ' .. math.tan(1)
return math.asin(1) .. ' ' .. math.acos(0) .. ' ' .. math.atan(1) .. ' ' .. math.atan2(1, -1)
return math.sinh(1) .. ' ' .. math.cosh(1) .. ' ' .. math.tanh(1)
return math.deg(math.pi) .. ' ' .. math.rad(180)
return math.pi .. ' ' .. math.huge
return math.random(0)
return math.random(5, 1)
return math.random(1, 2, 3)
return math.random('x')
math.randomseed(42) return {math.random(1000), math.random(1000), math.random(1000)}
math.randomseed(0) return {math.random(1000), math.random(1000)}
math.randomseed(-1) return {math.random(1000), math.random(1000)}
math.randomseed(123456789) return {math.random(2^31 - 1), math.random(2^31 - 1)}
math.randomseed(2^31 - 1) return {math.random(1000000), math.random(1000000)}
math.randomseed('x')
math.randomseed()
return math.floor()
return math.floor('x')
return math.floor('3.7')
return math.sqrt({})
math.pi = 3
## bit
return {bit.tobit(0xffffffff), bit.tobit(0x80000000), bit.tobit(2^32 + 5), bit.tobit(-1), bit.tobit(1.5), bit.tobit(2.5), bit.tobit(3.5)}
return {bit.bnot(0), bit.bnot(5), bit.band(12, 10), bit.bor(12, 10), bit.bxor(12, 10)}
return {bit.band(255, 15, 7), bit.bor(1, 2, 4), bit.bxor(1, 2, 3), bit.band(5)}
return {bit.lshift(1, 4), bit.lshift(1, 31), bit.lshift(1, 32), bit.rshift(-1, 28), bit.arshift(-16, 2), bit.rshift(256, 4)}
return {bit.rol(0x12345678, 12), bit.ror(0x12345678, 12), bit.rol(1, 0), bit.ror(1, 0), bit.bswap(0x12345678)}
return {bit.tohex(255), bit.tohex(-1), bit.tohex(255, 4), bit.tohex(255, -4), bit.tohex(0x12345678, 0), bit.tohex(1, 20), bit.tohex(0xabcdef, -8)}
return bit.band()
return bit.band('x')
return bit.band({}, 1)
return bit.band('12', 10)
return bit.band(1, nil)
return bit.tobit(2^53) .. ' ' .. bit.tobit(2^60) .. ' ' .. bit.tobit(1e300) .. ' ' .. bit.tobit(0/0)
return bit.tobit(-2^31) .. ' ' .. bit.tobit(-2^31 - 1) .. ' ' .. bit.tobit(2^51)
return bit.lshift(1)
return bit.tohex()
## struct
return struct.pack('>I2', 258)
return struct.pack('<I4', 1)
return struct.pack('i4', -1)
return struct.pack('>i8', -2)
return struct.pack('b', 127) .. struct.pack('B', 255) .. struct.pack('b', -1)
return struct.pack('>h', -2) .. struct.pack('>H', 65535)
return struct.pack('>l', -3) .. struct.pack('<L', 5) .. struct.pack('T', 7)
return struct.pack('>f', 1.5) .. struct.pack('>d', 1.5) .. struct.pack('<d', -0.1)
return struct.pack('s', 'abc')
return struct.pack('c3', 'abcdef')
return struct.pack('c0', 'abcdef')
return struct.pack('c5', 'abc')
return struct.pack('c', 'abc')
return struct.pack('xBx', 1)
return struct.pack('!4 b i4', 1, 2)
return struct.pack('!8bd', 1, 2)
return struct.pack('!bi', 1, 2)
return struct.pack('!3', 1)
return struct.pack('> I2 < I2', 1, 1)
return struct.pack('I3', 70000)
return struct.pack('>I16', 5)
return struct.pack('I33', 5)
return struct.pack('i0', 5)
return struct.pack('y', 1)
return struct.pack('I', 'x')
return struct.pack('I')
return struct.pack()
return struct.pack('>I4', 3.99)
return struct.pack('>I8', 2^63)
return struct.pack('>I8', 1e30)
return struct.pack('>I4', -1)
return struct.pack('>i2', 70000)
return struct.pack('i99999999999', 1)
return {struct.unpack('>I2', '\1\2')}
return {struct.unpack('<i4', '\255\255\255\255')}
return {struct.unpack('>i8', '\255\255\255\255\255\255\255\254')}
return {struct.unpack('bB', '\255\255')}
return {struct.unpack('>f', '\63\192\0\0')}
local v = struct.unpack('>d', struct.pack('>d', 3.14159)) return tostring(v)
return {struct.unpack('s', 'abc\0def')}
return {struct.unpack('s', 'abc')}
return {struct.unpack('c3', 'abcdef')}
return {struct.unpack('Bc0', '\3abcdef')}
return {struct.unpack('c0', 'abc')}
return {struct.unpack('Bc0', '\9abc')}
return {struct.unpack('>I2', '\1\2\3\4', 3)}
return {struct.unpack('>I2', '\1\2', 0)}
return {struct.unpack('>I2', '\1\2', -1)}
return {struct.unpack('>I2', '\1\2', 10)}
return {struct.unpack('>I4', '\1\2')}
return {struct.unpack('!4 b i4', '\1\0\0\0\2\0\0\0')}
return {struct.unpack('xB', '\9\5')}
return {struct.unpack('>I16', ('\0'):rep(15) .. '\7')}
return {struct.unpack('>i3', '\255\255\254')}
return {struct.unpack('', 'x')}
return {struct.unpack('I', {})}
return struct.unpack()
return {struct.size('>I2I4'), struct.size('!4bi4'), struct.size('d'), struct.size('c10'), struct.size('x'), struct.size('')}
return struct.size('s')
return struct.size('c0')
return struct.size('y')
return struct.size('!5')
return tostring(struct.unpack('>I8', ('\255'):rep(8)))
return tostring(struct.unpack('>i8', '\127' .. ('\255'):rep(7)))
## lines of replies
return {ok='OK'}
return {ok='a\0b'}
return {ok='a\r\nb'}
return {err='ERR a\0b'}
return {{ok='x\0'}, {ok='\r'}, {err='ERR x\n'}, {err='ERR y\r\nz\n\r\n'}, {err='ERR \n\0\n'}}
return {err='ERR x\n'}
return redis.error_reply('x y\r\n')
return {ok='x\n'}
## cmsgpack
return cmsgpack.pack(1)
return cmsgpack.pack(127, 128, 255, 256, 65535, 65536, 2^32 - 1, 2^32, 2^53, 2^62, 2^63, 2^64)
return cmsgpack.pack(-1, -32, -33, -128, -129, -32768, -32769, -2^31, -2^31 - 1, -2^53, -2^63)
return cmsgpack.pack(1.5, 0.1, -0.5, 1e300, 1/0, -1/0, 0/0, -0)
return cmsgpack.pack(true, false, nil)
return cmsgpack.pack('')
return cmsgpack.pack('abc', ('x'):rep(31), ('x'):rep(32), ('x'):rep(255), ('x'):rep(256))
return #cmsgpack.pack(('x'):rep(70000))
return cmsgpack.pack('\0\255')
return cmsgpack.pack({})
return cmsgpack.pack({1,2,3})
return cmsgpack.pack({1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16})
return cmsgpack.pack({a=1})
return cmsgpack.pack({[1]=1,[3]=3}) == cmsgpack.pack({[3]=3,[1]=1}) or 1
return cmsgpack.pack({[2]=1})
return cmsgpack.pack({[1.5]=1})
return cmsgpack.pack({[0]=1})
return cmsgpack.pack({[true]=1})
return cmsgpack.pack({{1},{2,{3}}})
return cmsgpack.pack(tostring)
return cmsgpack.pack()
local a = {} local b = a for i = 1, 20 do b[1] = {} b = b[1] end return cmsgpack.pack(a)
local a = {} a[1] = a return cmsgpack.pack(a)
return {cmsgpack.unpack(cmsgpack.pack(1, 'two', 3.5, true, nil, 'x'))}
return {cmsgpack.unpack(cmsgpack.pack({1,{2,3},'x'}))}
local t = cmsgpack.unpack(cmsgpack.pack({a={b={c=5}}})) return t.a.b.c
local t = {} for i = 1, 700 do t['f' .. i] = i end local u, n = cmsgpack.unpack(cmsgpack.pack(t)), 0 for k, v in pairs(u) do assert(k == 'f' .. v) n = n + v end return n
local t = {} for _, k in ipairs({'', 'a', 'aa', 'aba', 'aab', 'baa', 'abab', 'baba', ('k'):rep(31), ('k'):rep(32), ('k'):rep(33), '1', '__proto__', '\0', '\255'}) do t[k] = #k end for _ = 1, 3 do t = cmsgpack.unpack(cmsgpack.pack(t)) end local n = 0 for k, v in pairs(t) do assert(#k == v) n = n + v end return {n, t.aba, t.baa, t['1'], t[1], t['__proto__']}
return cmsgpack.unpack('\129\162a')
return {cmsgpack.unpack('\208\128\209\128\0\210\128\0\0\0\211\128\0\0\0\0\0\0\0\206\255\255\255\255\202\63\128\0\0')}
return cmsgpack.unpack('')
return select('#', cmsgpack.unpack(''))
return cmsgpack.unpack('\193')
return cmsgpack.unpack('\205\1')
return cmsgpack.unpack('\145')
return cmsgpack.unpack('\129\1')
return cmsgpack.unpack('\129\192\1')
return cmsgpack.unpack('\221\255\255\255\255')
return cmsgpack.unpack('\219\255\255\255\255abc')
return cmsgpack.unpack({})
return cmsgpack.unpack()
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))}
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 1)}
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 2)}
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 3)}
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), 4)}
return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3), -1)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2, 1)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 0)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), -1)}
return {cmsgpack.unpack_limit('abc')}
return {cmsgpack.unpack('\208\128'), cmsgpack.unpack('\209\255\254'), cmsgpack.unpack('\210\255\255\255\253')}
return tostring(cmsgpack.unpack('\207\255\255\255\255\255\255\255\255')) .. ' ' .. tostring(cmsgpack.unpack('\211\128\0\0\0\0\0\0\0'))
return {cmsgpack.unpack('\217\3abc'), cmsgpack.unpack('\218\0\3abc'), cmsgpack.unpack('\219\0\0\0\3abc')}
return {cmsgpack.unpack('\220\0\2\1\2'), cmsgpack.unpack('\221\0\0\0\1\5')}
local t = cmsgpack.unpack('\222\0\1\161a\5') return t.a
return tostring(cmsgpack.unpack('\202\63\192\0\0')) .. tostring(cmsgpack.unpack('\203\64\9\33\251\84\68\45\24'))
## cjson
return cjson.encode(1) .. cjson.encode(1.5) .. cjson.encode('x') .. cjson.encode(true) .. cjson.encode(nil) .. cjson.encode(cjson.null)
return cjson.encode({})
return cjson.encode({1,2,3})
return cjson.encode({a=1})
return cjson.encode({{}})
return cjson.encode({1,nil,3})
return cjson.encode({[1]=1,[2]=2,[4]=4})
return cjson.encode({[1]=1,[11]=2})
return cjson.encode({[10]=2})
return cjson.encode({[11]=2})
return cjson.encode({[0]=1})
return cjson.encode({[1.5]=1})
return cjson.encode({[-1]=1})
return cjson.encode({[true]=1})
return cjson.encode({[{}]=1})
return cjson.encode({1,2,x=3}) ~= nil and 1
return cjson.encode('a"b\\c/d\b\f\n\r\t\0\1\31\127\128\255')
return cjson.encode({1e15, 123456789012345, 0.1, 1/3, 1e300, -0, 1e14, 2^53, 3.0})
return cjson.encode(1/0)
return cjson.encode(0/0)
return cjson.encode({0/0})
return cjson.encode(tostring)
return cjson.encode({f = tostring})
return cjson.encode({coroutine.create(function() end)})
return cjson.encode()
return cjson.encode(1, 2)
local t = {} t.t = t return cjson.encode(t)
local t = {} t[1] = t return cjson.encode(t)
local a = {} local b = a for i = 1, 100 do b[1] = {} b = b[1] end return cjson.encode(a)
return cjson.decode('1')
return {cjson.decode('[1,2,3]')}
return cjson.decode('{"a":5}').a
return cjson.decode('{"a":{"b":[1,{"c":"x"}]}}').a.b[2].c
return cjson.decode('"x"')
return tostring(cjson.decode('true')) .. tostring(cjson.decode('false')) .. tostring(cjson.decode('null'))
return tostring(cjson.decode('[null]')[1] == cjson.null)
return tostring(cjson.null) .. type(cjson.null)
return #cjson.decode('[]') .. #cjson.decode('{}')
return tostring(next(cjson.decode('{}')))
return tostring(cjson.decode('12345678901234567890'))
return tostring(cjson.decode('1.5e10')) .. tostring(cjson.decode('-0.5')) .. tostring(cjson.decode('1E-2'))
return tostring(cjson.decode('9007199254740993'))
return cjson.decode('  [ 1 , 2 ]  ')[2]
return cjson.decode('\t\n\r{"a"\n:\t1}').a
return cjson.decode('"\\u0041\\u00e9\\u20ac\\ud83d\\ude00"')
return cjson.decode('"\\"\\\\\\/\\b\\f\\n\\r\\t"')
return cjson.decode('"\\u0000"')
return cjson.decode('"a\0b"')
return cjson.decode('\0')
return cjson.decode('1\0')
return cjson.decode('\0\0[]')
return cjson.decode('[1]\0garbage')
return cjson.decode('"\\x"')
return cjson.decode('"\\u12"')
return cjson.decode('"\\ud800"')
return cjson.decode('"\\ud800\\u0041"')
return cjson.decode('"\\udc00"')
return cjson.decode('"abc')
return cjson.decode('')
return cjson.decode(' ')
return cjson.decode('[')
return cjson.decode(']')
return cjson.decode('[1')
return cjson.decode('[1,')
return cjson.decode('[1,]')
return cjson.decode('[1 2]')
return cjson.decode('[,1]')
return cjson.decode('{')
return cjson.decode('}')
return cjson.decode('{"a"')
return cjson.decode('{"a":')
return cjson.decode('{"a":1')
return cjson.decode('{"a":1,')
return cjson.decode('{"a":1,}')
return cjson.decode('{"a" 1}')
return cjson.decode('{a:1}')
return cjson.decode('{1:1}')
return cjson.decode('{"a":1 "b":2}')
return cjson.decode('tru')
return cjson.decode('trueX')
return cjson.decode('nul')
return cjson.decode('xyz')
return cjson.decode('@')
return cjson.decode("'a'")
return cjson.decode('1 2')
return cjson.decode('-')
return cjson.decode('+1')
return cjson.decode('.5')
return cjson.decode('01')
return tostring(cjson.decode('0x1F'))
return tostring(cjson.decode('1.'))
return cjson.decode('1e')
return cjson.decode('1x')
return cjson.decode('[1e5,2E+3,3e-1]')[2]
return cjson.decode('{"a":1,"a":2}').a
return cjson.decode('{"a":null}').a == cjson.null
return cjson.decode('{"1":"x"}')['1']
return cjson.decode(5)
return cjson.decode()
return cjson.decode('1', 2)
return cjson.decode({})
return cjson.decode(('['):rep(100) .. (']'):rep(100)) ~= nil and 1
return cjson.decode(('['):rep(1001) .. (']'):rep(1001))
return {pcall(cjson.decode, ('{"a":'):rep(1001))}
return cjson.encode(cjson.decode('{"a":[1,2,{"b":null}]}'))
return cjson.encode(cjson.decode('[[],{}]'))
return {cjson.encode_sparse_array()}
return {cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision()}
return {tostring(cjson.encode_keep_buffer()), tostring(cjson.encode_invalid_numbers()), tostring(cjson.decode_invalid_numbers())}
local j = cjson.new() j.encode_sparse_array(true) return j.encode({[1000]=1})
local j = cjson.new() return {j.encode_sparse_array(true, 3, 5)}
local j = cjson.new() j.encode_sparse_array(false, 0) return j.encode({[20]=1})
local j = cjson.new() j.encode_max_depth(2) return j.encode({{{}}})
local j = cjson.new() j.decode_max_depth(2) return j.decode('[[[]]]')
local j = cjson.new() j.encode_number_precision(3) return j.encode(3.14159)
local j = cjson.new() j.encode_number_precision(15)
local j = cjson.new() j.encode_invalid_numbers(true) return j.encode({1/0, -1/0, 0/0})
local j = cjson.new() j.encode_invalid_numbers('null') return j.encode({1/0, 0/0})
local j = cjson.new() return tostring(j.encode_invalid_numbers('null'))
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('nan')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('0x1')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('01')
local j = cjson.new() j.decode_invalid_numbers('maybe')
local j = cjson.new() j.encode_max_depth(0)
local j = cjson.new() j.encode_max_depth('x')
local j = cjson.new() j.encode_max_depth(1, 2)
local j = cjson.new() return j.encode_keep_buffer(false) == false
cjson.encode = 1
return cjson._NAME .. cjson._VERSION
## coroutine
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d + e end) local r = {} local function add(...) for i = 1, select('#', ...) do r[#r+1] = tostring((select(i, ...))) end end add(coroutine.resume(co, 1, 2)) add(coroutine.resume(co, 10)) add(coroutine.resume(co, 3, 4)) add(coroutine.resume(co)) return r
local co = coroutine.create(function() end) local s1 = coroutine.status(co) coroutine.resume(co) return {s1, coroutine.status(co)}
local co co = coroutine.create(function() return coroutine.status(co) end) return {coroutine.resume(co)}
local co = coroutine.create(function() error('oops') end) return {coroutine.resume(co)}
local co = coroutine.create(function() error({code = 1}) end) local ok, e = coroutine.resume(co) return e.code
local co = coroutine.create(function() local x = nil; x.y = 1 end) return {coroutine.resume(co)}
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return {gen(), gen(), gen()}
local s = 0 for v in coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end) do s = s + v end return s
local f = coroutine.wrap(function() error('w') end) return {pcall(f)}
local f = coroutine.wrap(function() return 1 end) f() return {pcall(f)}
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end end) end local r = '' for a, b in gen(3) do r = r .. a .. ':' .. b .. ' ' end return r
local function walk(t) if type(t) == 'table' then for _, v in ipairs(t) do walk(v) end else coroutine.yield(t) end end local r = {} for v in coroutine.wrap(function() walk({1,{2,{3,4}},5}) end) do r[#r+1] = v end return r
return tostring(coroutine.running())
local co co = coroutine.create(function() return coroutine.running() == co end) return select(2, coroutine.resume(co))
coroutine.yield(1)
return {pcall(coroutine.yield, 1)}
local co = coroutine.create(function() pcall(coroutine.yield, 1) return 'after' end) return {coroutine.resume(co)}
local co = coroutine.create(function() return pcall(function() coroutine.yield(1) end) end) return {coroutine.resume(co)}
local co = coroutine.create(function() table.sort({2, 1}, function(a, b) coroutine.yield(1) return a < b end) end) return {coroutine.resume(co)}
local co = coroutine.wrap(function() return setmetatable({}, {__index = function(t, k) coroutine.yield(k) return k end}).foo end) return {pcall(co)}
return coroutine.create(1)
return coroutine.resume(1)
return coroutine.status('x')
return coroutine.wrap()
local co = coroutine.create(function() end) return type(co)
local co co = coroutine.create(function() return coroutine.resume(co) end) return {coroutine.resume(co)}
local outer = coroutine.wrap(function() local inner = coroutine.wrap(function() coroutine.yield('in') end) coroutine.yield(inner()) coroutine.yield('out') end) return {outer(), outer()}
local r = {} local co1, co2 co1 = coroutine.create(function() for i = 1, 2 do r[#r+1] = 'a' .. i coroutine.yield() end end) co2 = coroutine.create(function() for i = 1, 2 do r[#r+1] = 'b' .. i coroutine.resume(co1) end end) coroutine.resume(co2) return r
local co = coroutine.create(function(...) return select('#', ...) end) return {coroutine.resume(co, nil, nil)}
local co = coroutine.create(function() local a = 1 + coroutine.yield() return a end) coroutine.resume(co) return {coroutine.resume(co, 5)}
local co = coroutine.create(function() return coroutine.yield(coroutine.yield(1)) end) return {coroutine.resume(co), select(2, coroutine.resume(co, 'x'))}
local co = coroutine.wrap(function() local t = {coroutine.yield(1), coroutine.yield(2)} return #t end) co() co('a') return co('b', 'c')
local co = coroutine.wrap(function() local o = {m = function(self, x) return coroutine.yield(x) end} return o:m(5) end) return {co(), co('back')}
local co = coroutine.wrap(function() if coroutine.yield(1) then return 'yes' else return 'no' end end) co() return co(true)
local co = coroutine.wrap(function() while coroutine.yield('w') do end return 'done' end) co() co(true) return co(false)
## loading code
return loadstring('return 1 + 1')()
return {loadstring('x = ')}
return loadstring('return ...')(7)
local f = loadstring('local a, b = ... return a * b') return f(6, 7)
return type(loadstring('return nosuch'))
return loadstring('return nosuch')()
return {pcall(loadstring('nosuch = 1'))}
return loadstring('return KEYS[1]')()
return loadstring()
return loadstring(5)
return {loadstring('return 1', 'name')}
return {loadstring('= 1', 'name')}
return {loadstring('= 1', '@name')}
return {loadstring('= 1', '=name')}
return {loadstring('= 1\nsecond line')}
return {loadstring('= 1 ' .. ('x'):rep(100))}
return {loadstring('= 1', '@' .. ('long'):rep(30))}
return {loadstring('= 1', '=' .. ('long'):rep(30))}
return {loadstring('\27Lua')}
local parts = {'return ', '1', ' + 2'} local i = 0 return load(function() i = i + 1 return parts[i] end)()
return {load(function() error('reader') end)}
return {pcall(load, function() error('reader') end)}
return load('return 1')
return {load(function() return nil end)}
local i = 0 return {load(function() i = i + 1 if i == 1 then return '= 1' end end, 'chunk')}
return {loadstring('return 1')()}
## base
return {type(1), type('x'), type(nil), type({}), type(type), type(true), type(coroutine.create(function() end))}
return {rawequal(1, 1), rawequal('a', 'a'), tostring(rawequal({}, {}))}
return rawget({5}, 1)
return rawset({}, 'a', 5).a
return rawlen == nil
return {select(2, 'a', 'b', 'c')}
return {select(-1, 'a', 'b', 'c')}
return {select(-3, 'a', 'b', 'c')}
return {select(10, 'a')}
return select('x')
return select()
return select('#')
return select('#', nil, nil)
return select(0, 1)
return _VERSION
return type(collectgarbage('count'))
return collectgarbage()
return collectgarbage('collect')
return tostring(collectgarbage('step'))
return collectgarbage('bogus')
return type(gcinfo())
return {tostring(print), tostring(1)}
return dofile
return require
return getfenv
return setfenv
return newproxy
return io
return debug
return package
return loadfile
return module
return tostring(tostring):match('^function: ') ~= nil
return tostring({}):match('^table: 0x%x+$') ~= nil
local t = {} return tostring(t) == tostring(t)
return ipairs({}) ~= nil
local f, s, c = ipairs({1}) return {type(f), type(s), c}
local f, s, c = pairs({1}) return {type(f), type(s), tostring(c), tostring(f == next)}
local f, s, c = ipairs({5,6}) return {f(s, 0)}
local f, s, c = ipairs({5,6}) return select('#', f(s, 2))
local names = {} for k in pairs(_G) do if k ~= 'os' then names[#names+1] = k end end table.sort(names) return names
local names = {} for k in pairs(string) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(table) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(math) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(redis) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(coroutine) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(bit) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(struct) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(cjson) do names[#names+1] = k end table.sort(names) return names
local names = {} for k in pairs(cmsgpack) do names[#names+1] = k end table.sort(names) return names
