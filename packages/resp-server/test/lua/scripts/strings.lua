return ('hello'):sub(2, 3)
return ('hello'):sub(-3)
return ('hello'):sub(-3, -2)
return ('hello'):sub(0)
return ('hello'):sub(10)
return ('hello'):sub(3, 1)
return ('hello'):sub(-100, 100)
return ('hello'):sub(2)
return ('hello'):sub()
return ('hello'):sub('2', '3')
return ('hello'):sub(2.9, 3.9)
return ('hello'):sub(1, 0)
return ('hello'):sub(1, -1)
return ('hello'):sub(-1, 1)
return ('x'):sub(1e300)
return {('hello'):byte()}
return {('hello'):byte(2)}
return {('hello'):byte(1, -1)}
return {('hello'):byte(-1)}
return {('hello'):byte(10)}
return select('#', ('hello'):byte(10))
return {('hello'):byte(0)}
return {('hello'):byte(3, 2)}
return {('a\0\255'):byte(1, 3)}
return #{string.byte(('x'):rep(10000), 1, 7000)}
return #{string.byte(('x'):rep(10000), 1, 8000)}
return string.char()
return string.char(72, 105)
return string.char('65', 66.7)
return string.char(0, 255)
return string.char(256)
return string.char('x')
return ('hello'):upper() .. ('HeLLo'):lower()
return ('\224\255abc'):upper()
return ('hello'):reverse()
return ('a\0b'):reverse()
return ('hello'):len()
return ('a\0b'):len()
return (''):rep(5)
return ('ab'):rep(3)
return ('ab'):rep(0)
return ('ab'):rep(-1)
return ('ab'):rep(2.7)
return ('x'):rep('3')
return ('abc'):rep(1)
return string.len(123)
return string.len()
return string.upper(12)
return string.rep()
return string.dump(1)
return {('hello world'):find('wor')}
return {('hello world'):find('o', 6)}
return {('hello world'):find('l+')}
return {('hello world'):find('(l)(l)')}
return {('hello'):find('')}
return {('hello'):find('', 3)}
return {('hello'):find('', 6)}
return {('hello'):find('', 7)}
return {('hello'):find('', 10)}
return {('hello'):find('xyz')}
return {('hello'):find('l', -2)}
return {('hello'):find('h', -100)}
return {('a.b'):find('.', 1, true)}
return {('a.b'):find('.')}
return {('a+b'):find('+', 1, true)}
return {('a+b'):find('a+', 1, true)}
return {('a\0b'):find('\0')}
return {('a\0b'):find('b')}
return {('a\0b.'):find('\0.')}
return {('a[b'):find('[', 1, true)}
return {('a[b'):find('[')}
return {('hello'):find('^h')}
return {('hello'):find('^e')}
return {('hello'):find('o$')}
return {('hello'):find('l$')}
return {('a$b'):find('a$b')}
return {('a^b'):find('a^b')}
return {('hello'):match('l+')}
return {('hello'):match('(h)(e)')}
return {('hello'):match('()l()')}
return {('hello'):match('xyz')}
return {('key = value'):match('^(%w+)%s*=%s*(%w+)$')}
return {('2024-01-15'):match('(%d+)-(%d+)-(%d+)')}
return {('  trim  '):match('^%s*(.-)%s*$')}
return {('hello'):match('.-')}
return {('hello'):match('.-$')}
return {('hello'):match('h.-o')}
return {('hello'):match('(.)(.)%2')}
return {('hello'):match('(.)%1')}
return {('abab'):match('(ab)%1')}
return {('x'):match('%1')}
return {('x'):match('(x%1)')}
return {('x'):match('(x')}
return {('x'):match('x)')}
return {('x'):match('%')}
return {('x'):match('[x')}
return {('x'):match('[^')}
return {('x'):match('[]')}
return {(']'):match('[]]')}
return {('a]'):match('[^]]')}
return {('x'):match('[%')}
return {('x'):match('[a-')}
return {('-'):match('[a-]')}
return {('b'):match('[a-c]')}
return {('-'):match('[%a-]')}
return {('^'):match('[x^]')}
return {('x'):match('[%w]')}
return {('x'):match('[^%w]')}
return {('a1_ '):match('[%w_]+')}
return {('THE (quick) fox'):find('%((%a+)%)')}
return {('f(a(b)c)d'):match('%b()')}
return {('f(a(b)c'):match('%b()')}
return {('x'):match('%b')}
return {('x'):match('%bx')}
return {('THE (quick) fox'):gsub('%f[%a]%a+', 'W')}
return {('hello world'):find('%f[%w]%w+', 2)}
return {('x'):match('%f')}
return {('x'):match('%fa')}
return {('[[x]]'):match('%[%[(.-)%]%]')}
return {('a.b.c'):gsub('%.', '-')}
return {('hello world'):gsub('o', '0')}
return {('hello world'):gsub('o', '0', 1)}
return {('hello world'):gsub('o', '0', 0)}
return {('hello world'):gsub('o', '0', -1)}
return {('hello'):gsub('', '-')}
return {('hello'):gsub('l*', 'x')}
return {('hello'):gsub('.', '%0%0')}
return {('hello world'):gsub('(%w+)', '<%1>')}
return {('hello world'):gsub('(%w+) (%w+)', '%2 %1')}
return {('abc'):gsub('%w', '%%')}
return {('abc'):gsub('%w', '%')}
return {('abc'):gsub('%w', '%2')}
return {('abc'):gsub('(%w)', '%2')}
return {('abc'):gsub('%w', '%x')}
return {('abc'):gsub('()', '%1')}
return {('hello'):gsub('l', {l = 'L'})}
return {('hello'):gsub('.', {h = 1, e = false, l = 'L'})}
return {('hello'):gsub('(.)(.)', {h = 'H', l = 'L'})}
return {('hello'):gsub('.', {h = {}})}
return {('hello'):gsub('.', function(c) return c:upper() end)}
return {('hello'):gsub('l', function() end)}
return {('hello'):gsub('l', function() return false end)}
return {('hello'):gsub('l', function() return {} end)}
return {('hello'):gsub('l', function() return 5 end)}
return {('hello'):gsub('(l)(.)', function(a, b) return b .. a end)}
return {('hello'):gsub('()l', function(p) return p end)}
return {('hello'):gsub('l', nil)}
return {('hello'):gsub('l', true)}
return {('hello'):gsub('l')}
return {('hello'):gsub('^h', 'H')}
return {('hello'):gsub('^e', 'E')}
return {('aaa'):gsub('^a', 'b')}
return {('hello'):gsub('l', 'x', 'y')}
return {('abc'):gsub('b*', 'x')}
return {('a,b,,c'):gsub(',', ';')}
return {('\0a\0'):gsub('%z', '0')}
return {('a b'):gsub('%s', '%%20')}
return {(''):gsub('', 'x')}
return {(''):gsub('^', 'x')}
return {('x'):gsub('x*$', 'y')}
return {('abc'):gsub('.', setmetatable({}, {__index = function(t, k) return k .. k end}))}
local r = {} for w in ('one two'):gmatch('%a+') do r[#r+1] = w end return r
local r = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do r[#r+1] = k .. v end return r
local r = {} for p in ('abc'):gmatch('()') do r[#r+1] = p end return r
local r = {} for w in ('abc'):gmatch('^a') do r[#r+1] = w end return r
local r = {} for w in ('a^a'):gmatch('^a') do r[#r+1] = w end return r
local r = {} for w in ('hello'):gmatch('l*') do r[#r+1] = '[' .. w .. ']' end return r
return ('x'):gmatch()
return ('x'):find()
return ('a'):find(nil)
return {('%d'):find('%d', 1, true)}
return {('äö'):find('%a')}
return {('\t\n\r\v\f '):match('^%s+$')}
return {('a-b'):match('%w%-%w')}
return {('x^2'):match('%^')}
return {('0xFF'):match('^0[xX](%x+)$')}
return {('A\1b'):match('%c')}
return {('a!b'):match('%p')}
return {('abcDEF'):match('%l+'), ('abcDEF'):match('%u+')}
return {('ab12'):match('%D+'), ('ab12'):match('%A+'), ('a b'):match('%S+')}
return {('ab12!'):match('%W')}
return {('aXb'):match('%L')}
return {('x'):rep(40):match(('(x)'):rep(32))}
return {('x'):rep(40):match(('(x)'):rep(33))}
return {('a'):match('a?a?a?a')}
return {('aaa'):match('a?a?a?a')}
return {('aaab'):match('a-b')}
return {('aaab'):match('^(a*)(a-)b$')}
return {('foo.bar.baz'):match('^(.*)%.(.-)$')}
return {('/a/b/c'):match('([^/]+)$')}
return {('a,b;c'):match('[,;]')}
return {('x'):match('[%a%d]')}
return {('5'):match('[^%a%s]')}
return {('z'):match('[a-y]')}
return {('ab'):find('b', 3)}
return {('ab'):find('$')}
return {('ab'):find('b$')}
return {('a$'):find('%$')}
return {('ab'):match('(a)(b)()')}
return string.format('%d', 3)
return string.format('%d', 3.99)
return string.format('%d', -3.99)
return string.format('%d', '42')
return string.format('%d', 2^53)
return string.format('%d', 2^63)
return string.format('%d', -2^63)
return string.format('%d', 1e300)
return string.format('%5d|%-5d|%05d|%+d|% d', 42, 42, 42, 42, 42)
return string.format('%.3d|%8.3d|%-8.3d|%08.3d', 5, 5, 5, 5)
return string.format('%.0d|%.d', 0, 0)
return string.format('%i', 42)
return string.format('%u', 42)
return string.format('%u', -1)
return string.format('%x %X %#x %#X %o %#o', 255, 255, 255, 255, 8, 8)
return string.format('%x', -1)
return string.format('%x', 2^40)
return string.format('%#x', 0)
return string.format('%08x', 48879)
return string.format('%c%c%c', 72, 105, 33)
return string.format('%c', 0) .. '|'
return string.format('%5c|%-5c|', 65, 65)
return string.format('%c', 321)
return string.format('%s', 'abc')
return string.format('%s', 123)
return string.format('%s', 1.5)
return string.format('%s', nil)
return string.format('%s', true)
return string.format('%s', {})
return string.format('%s')
return string.format('%10s|%-10s|', 'abc', 'abc')
return string.format('%.2s|%5.1s|', 'abc', 'abc')
return string.format('%.0s|%.s|', 'abc', 'abc')
return string.format('%s', 'a\0b')
return string.format('%s', ('x'):rep(200)):len()
return string.format('%10s', ('x'):rep(99)):len()
return string.format('%s', ('x\0'):rep(60)):len()
return string.format('%q', 'a"b\\c\nd\re\0f')
return string.format('%q', 5)
return string.format('%f', 3.14159)
return string.format('%.2f', 3.14159)
return string.format('%.0f %.0f %.0f %.0f', 0.5, 1.5, 2.5, 3.5)
return string.format('%.2f %.2f %.2f', 0.125, 0.375, 2.675)
return string.format('%.1f %.1f', 0.25, 0.35)
return string.format('%10.3f|%-10.3f|%+.3f|%010.3f', 3.14159, 3.14159, 3.14159, -3.14159)
return string.format('%#.0f', 3)
return string.format('%f', 1e15)
return string.format('%f', 1e22)
return string.format('%.3f', 1e300)
return string.format('%f %f', 1/0, -1/0)
return string.format('%f', 0/0)
return string.format('%5.1f|%-8f|%08f', 1/0, 1/0, 1/0)
return string.format('%e', 12345.678)
return string.format('%.2e %.0e %E', 12345.678, 12345.678, 12345.678)
return string.format('%.3e', 1e-10)
return string.format('%.0e %.0e', 2.5, 3.5)
return string.format('%.1e %.1e', 1.25, 1.35)
return string.format('%#.0e', 5)
return string.format('%g', 0.1)
return string.format('%g %g %g', 100000, 1000000, 10000000)
return string.format('%g %g', 0.0001, 0.00001)
return string.format('%g %g %g', 1e20, 1.5, 1e-10)
return string.format('%.3g %.10g %.0g', 3.14159, 3.14159, 3.14159)
return string.format('%#g %#.3g', 1, 1)
return string.format('%G', 1e-10)
return string.format('%10g|%-10g|%+g', 1.5, 1.5, 1.5)
return string.format('%.14g', 0.1)
return string.format('%.17g', 0.1)
return string.format('%.99f', 1/3)
return string.format('%.20f', 0.1)
return string.format('%5%')
return string.format('%%')
return string.format('100%')
return string.format('%')
return string.format('%y', 1)
return string.format('%-+ #0d', 1)
return string.format('%-+ #00d', 1)
return string.format('%123d', 1)
return string.format('%.123d', 1)
return string.format('%12.34.5d', 1)
return string.format('%99d', 1)
return string.format('%d %s', 1)
return string.format('%d', 'x')
return string.format('%d', '')
return string.format()
return string.format(5)
return string.format('%s %s %s', 1, 'two', 3)
return string.format('plain')
return string.format('a\0b%d', 1)
return string.format('%p', {})
return string.format('%a', 1)
return string.format('%hd', 1)
return string.format('%ld', 1)
return ('%d items'):format(5)
return ('%s=%s'):rep(2, '&')
return tostring(12345.6789)
return tostring(true) .. tostring(nil)
return tostring('x')
return tostring(-0.0)
return tostring(1e300 * 1e10)
return tonumber('10')
return tonumber('  10  ')
return tostring(tonumber('10x'))
return tostring(tonumber(''))
return tostring(tonumber(' '))
return tostring(tonumber('1e'))
return tostring(tonumber('1e5'))
return tostring(tonumber('.5')) .. tostring(tonumber('5.'))
return tostring(tonumber('.'))
return tostring(tonumber('-'))
return tostring(tonumber('+5')) .. tostring(tonumber('-5')) .. tostring(tonumber('- 5'))
return tostring(tonumber('0x'))
return tostring(tonumber('0x1F')) .. tostring(tonumber('-0x10')) .. tostring(tonumber('0xg'))
return tostring(tonumber('0x1p4')) .. ' ' .. tostring(tonumber('0x.8')) .. ' ' .. tostring(tonumber('0x1.8'))
return tostring(tonumber('inf')) .. tostring(tonumber('-inf')) .. tostring(tonumber('infinity'))
return tostring(tonumber('1_000'))
return tostring(tonumber('1 2'))
return tostring(tonumber('1\0'))
return tostring(tonumber('\t5\n'))
return tostring(tonumber(nil))
return tostring(tonumber(true))
return tostring(tonumber({}))
return tostring(tonumber(5))
return tonumber()
return {tonumber('10', 2), tonumber('ff', 16), tonumber('zz', 36), tonumber('777', 8)}
return tostring(tonumber('8', 8))
return tostring(tonumber('0xff', 16)) .. tostring(tonumber('0x', 16))
return tostring(tonumber('-ff', 16))
return tostring(tonumber(' 11 ', 2))
return tostring(tonumber('1.5', 10)) .. tostring(tonumber('1.5', 16))
return tonumber('10', 1)
return tonumber('10', 37)
return tonumber(10, 16)
return tonumber({}, 16)
return tostring(tonumber('', 16))
return tostring(tonumber('ffffffffffffffff', 16))
return tostring(tonumber('fffffffffffffffff', 16))
return tonumber('7', '8')
