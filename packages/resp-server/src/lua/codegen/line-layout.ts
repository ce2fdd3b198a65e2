/** Starts and ends the mark that says to which Lua line the code behind it belongs. */
const MARK = '\u0001'

/** A mark for {@link layoutLines}; stands where JavaScript allows a line break. */
export function lineMark(line: number): string {
  return `${MARK}${line}${MARK}`
}

/**
 * Turns the marks into line breaks, so that the line of a JavaScript stack frame tells the Lua
 * line. String literals cannot hold a mark: JSON escapes control characters.
 */
export function layoutLines(code: string): { body: string; lines: readonly number[] } {
  const parts = code.split(MARK)
  const lines = [0]
  let body = parts[0] ?? ''
  let current = 0
  for (let i = 1; i < parts.length; i += 2) {
    const line = Number(parts[i])
    if (line !== current) {
      current = line
      lines.push(line)
      body += '\n'
    }
    body += parts[i + 1] ?? ''
  }
  return { body, lines }
}
