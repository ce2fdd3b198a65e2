x
x y
f() = 1
(x) = 1
x.y
a.b, 3 = 1
break
if x then
while true do
for x do end
for i = 1 do end
for i in do end
for i, j = 1, 2 do end
for 1 = 1, 2 do end
repeat x = 1
function f
function f(
function f(a,) end
function f(1) end
function f(a b) end
function f(..., a) end
function 5() end
function a.b:c.d() end
local
local 5
local function
local function a.b() end
local x =
local x, = 1
return return
return 1,
return 1 return 2
return 1; return 2
return ... 
local function f() return ... end
goto x
::x::
x = }
x = @
x = $
x = ?
x = !
x = ~
x = 1 ~ 2
x = 1 // 2
x = 1 & 2
x = 3x
x = 0x
x = 0xg
x = 1e
x = 1e+
x = 1..2
x = 1.2.3
x = 'abc
x = "abc
x = 'a\999'
x = '\300'
x = [[abc
x = [=[abc
x = [=abc
--[[ abc
--[==[ abc ]]
x = 1 ..
x = 1 +
x = not
x = #
x = -
x = {
x = {1
x = {1, 2
x = {1 2}
x = {a = }
x = {[1]}
x = {[1] 2}
x = {,}
x = (1
x = (
x = ()
x = a.
x = a.1
x = a:
x = a:b
x = a:b = 1
x = function
x = function(
x = function() 
end
else
until x
then
do
do end end
if x end
if x then else else end
if x then elseif end
local x = 5 5
x = = 2
x == 2
x + 1
1 = x
'a' = x
nil = x
f(
f(1
f(1,
f(1 2)
f 'a' = 1
and
or x
x = a and
x = a or
x = a b
return a b
;
;;
x = 1;;
do ; end
x = 'a' 'b'
local t = {} t.x.y.z
local a = 1 a.b.c
return --
return 1 -- comment
return 1 --[[ c ]] 
return [[a]]
return [==[a]]b]==]
return '\65\066\067'
return '\a\b\f\n\r\t\v\\\'\"'
return '\q\z\/'
return 'a\
b'
return "it's" .. 'say "hi"'
return #[[

x]]
return 0x1p4
return 0xA.8
return 1E2
return 3.
return .5
return 5 --[==[ x
]==] 
return({1,2})[1]
return("x"):rep(3)
return{1}
return-1
return'x'
return"x"
return[[x]]
local a=1;local b=2;return a+b
local a,b=1,2return a
local f=function()end return type(f)
local x=(1)return(x)
f
(1)
local f = tostring
return f(1)
local a = {} ; (a).x = 1 return a.x
(tostring)(1) return 2
return function() end
return tostring == tostring
local and = 1
local nil = 1
local end = 1
return 1 = 1
x = 'unclosed\
local \255x = 1
return '\xff'
return "\u{41}"
a = 1 b = 2
local t = {f = function(x) return x end} return t.f{1}[1]
local t = {f = function(x) return x end} return t.f'abc'
local t = {f = function(s, x) return x end} return t:f'abc'
local t = {f = function(s, x) return x[1] end} return t:f{7}
return (((((1)))))
return (nil)
return not not not true
return - - 2
return -(-2)
return #'a' .. #'bb'
return 2 .. 3 .. 4
return 1 < 2 == true
return 1 + 2 < 4 and 5 or 6
return 'a' .. 1 + 2 .. 'b'
return 2 * 3 % 4
return 2 ^ -1 * 4
return not 1 == 2
<<<
return 1
, 2
>>>
<<<
x = 1
y = = 2
>>>
<<<
if true then
  x = 1
>>>
<<<
local t = {
  1,
  2
>>>
<<<
f(
1
>>>
<<<
for i = 1, 2 do
  while true do
end
>>>
<<<
local s = [[
unfinished
>>>
<<<
local f = tostring
(f)(1)
>>>
