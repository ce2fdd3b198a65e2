/** `%` as Lua 5.1 defines it: the result has the sign of the divisor. */
export function luaMod(a: number, b: number): number {
  return a - Math.floor(a / b) * b
}

/** `^` as C has it: differs from JavaScript for 1^nan and (-1)^inf. */
export function luaPow(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Number.POSITIVE_INFINITY || b === Number.NEGATIVE_INFINITY))) {
    return 1
  }
  return a ** b
}
