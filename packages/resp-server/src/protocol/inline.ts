const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  a: '\x07',
}

const isSpace = (character: string | undefined): boolean =>
  character !== undefined && /[\s\0]/.test(character)

/**
 * Splits a line as Redis splits inline commands and configuration lines: words separated by
 * blanks, "double quotes" with escapes, 'single quotes' with `\'` only.
 * Undefined when quotes are unbalanced or text follows a closing quote directly.
 */
export function splitInline(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (isSpace(line[at])) at += 1
    if (at >= line.length) return words
    let word = ''
    while (at < line.length && !isSpace(line[at])) {
      const quote = line[at]
      if (quote !== '"' && quote !== "'") {
        word += quote
        at += 1
        continue
      }
      const quoted = quote === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1)
      if (quoted === undefined) return undefined
      word += quoted.text
      at = quoted.next
      if (at < line.length && !isSpace(line[at])) return undefined
    }
    words.push(word)
  }
}

interface Quoted {
  readonly text: string
  readonly next: number
}

function doubleQuoted(line: string, start: number): Quoted | undefined {
  let text = ''
  for (let at = start; at < line.length; ) {
    const character = line[at] as string
    if (character === '"') return { text, next: at + 1 }
    if (character !== '\\' || at + 1 >= line.length) {
      text += character
      at += 1
      continue
    }
    const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at, at + 4))
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[1] as string, 16))
      at += 4
    } else {
      const escaped = line[at + 1] as string
      text += ESCAPES[escaped] ?? escaped
      at += 2
    }
  }
  return undefined
}

function singleQuoted(line: string, start: number): Quoted | undefined {
  let text = ''
  for (let at = start; at < line.length; at += 1) {
    const character = line[at] as string
    if (character === "'") return { text, next: at + 1 }
    if (character === '\\' && line[at + 1] === "'") at += 1
    text += line[at]
  }
  return undefined
}
