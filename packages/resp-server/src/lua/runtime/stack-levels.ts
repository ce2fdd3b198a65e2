/** A call level of Lua, read from the JavaScript stack. */
export interface StackLevel {
  /** The number of the chunk; undefined for a level of library code that called back. */
  readonly chunk: number | undefined
  /** Position in the generated text, both from 1. */
  readonly line: number
  readonly column: number
}

/** Frames of generated code carry this script name with the chunk's number behind it. */
export const CHUNK_URL = 'ashlar-lua-chunk:'
/** The name of the one function through which library code calls Lua functions. */
export const BOUNDARY_NAME = 'callFromLibrary'
/** How many frames an error looks at while a script runs. */
export const STACK_FRAMES = 40

const LIBRARY_LEVEL: StackLevel = { chunk: undefined, line: 0, column: 0 }

/**
 * The Lua call levels of an error, innermost first. Generated functions are frames of their own
 * script, so the JavaScript engine keeps Lua's call stack for us at no cost while nothing fails.
 */
export function readLevels(error: Error): StackLevel[] {
  const levels = levelsOf(error)
  if (levels.length > 0 || Error.stackTraceLimit !== STACK_FRAMES) return levels
  // Library code that recursed deeply fills the frames: look again at all of them.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = Number.POSITIVE_INFINITY
  const deep = new Error('deep')
  Error.stackTraceLimit = stackTraceLimit
  return levelsOf(deep)
}

function levelsOf(error: Error): StackLevel[] {
  const levels: StackLevel[] = []
  const saved = Error.prepareStackTrace
  Error.prepareStackTrace = (_error, frames) => {
    for (const frame of frames) {
      const level = levelOf(frame)
      if (level !== undefined) levels.push(level)
    }
    return ''
  }
  try {
    // The property is computed when it is first read.
    void error.stack
  } finally {
    Error.prepareStackTrace = saved
  }
  return levels
}

function levelOf(frame: NodeJS.CallSite): StackLevel | undefined {
  const name = frame.getFunctionName()
  if (name === BOUNDARY_NAME) return LIBRARY_LEVEL
  const script = frame.getScriptNameOrSourceURL()
  if (typeof script !== 'string' || !script.startsWith(CHUNK_URL)) return undefined
  // Functions of the generated text that are no Lua functions are named with a dollar.
  if (name?.startsWith('$') === true) return undefined
  return {
    chunk: Number(script.slice(CHUNK_URL.length)),
    line: frame.getLineNumber() ?? 0,
    column: frame.getColumnNumber() ?? 0,
  }
}
