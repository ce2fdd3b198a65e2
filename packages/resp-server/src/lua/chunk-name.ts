const MAX_LENGTH = 60

/** A chunk name as messages show it: `@name` and `=name` as they are, source text abridged. */
export function chunkDisplayName(name: string): string {
  if (name.startsWith('=')) return name.slice(1, MAX_LENGTH)
  if (name.startsWith('@')) {
    const file = name.slice(1)
    const room = MAX_LENGTH - 8
    return file.length > room ? `...${file.slice(file.length - room)}` : file
  }
  const lineEnd = name.search(/[\r\n]/)
  const room = MAX_LENGTH - 17
  const firstLine = lineEnd < 0 ? name : name.slice(0, lineEnd)
  const isCut = lineEnd >= 0 || firstLine.length > room
  return `[string "${firstLine.slice(0, room)}${isCut ? '...' : ''}"]`
}
