const isLower = (c: number): boolean => c >= 97 && c <= 122
const isUpper = (c: number): boolean => c >= 65 && c <= 90
const isAlpha = (c: number): boolean => isLower(c) || isUpper(c)
const isDigit = (c: number): boolean => c >= 48 && c <= 57
const isSpace = (c: number): boolean => c === 32 || (c >= 9 && c <= 13)
const isControl = (c: number): boolean => c < 32 || c === 127
const isPunctuation = (c: number): boolean => c > 32 && c < 127 && !isAlpha(c) && !isDigit(c)
const isHex = (c: number): boolean => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102)

/** Does `%<letter>` match the byte? As the C locale has it; other letters stand for themselves. */
export function matchesClass(c: number, letter: number): boolean {
  let result: boolean
  switch (letter | 32) {
    case 97:
      result = isAlpha(c)
      break
    case 99:
      result = isControl(c)
      break
    case 100:
      result = isDigit(c)
      break
    case 108:
      result = isLower(c)
      break
    case 112:
      result = isPunctuation(c)
      break
    case 115:
      result = isSpace(c)
      break
    case 117:
      result = isUpper(c)
      break
    case 119:
      result = isAlpha(c) || isDigit(c)
      break
    case 120:
      result = isHex(c)
      break
    case 122:
      result = c === 0
      break
    default:
      return letter === c
  }
  // An upper-case letter is the complement; only letters come here.
  if (isUpper(letter)) return !result
  return isLower(letter) ? result : letter === c
}
