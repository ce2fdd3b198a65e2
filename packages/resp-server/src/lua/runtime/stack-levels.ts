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
/** How many frames an error looks at first. */
export const STACK_FRAMES = 10

const LIBRARY_LEVEL: StackLevel = { chunk: undefined, line: 0, column: 0 }

/**
 * The Lua call levels at the point where this is made, innermost first. Generated functions are
 * frames of their own script, so the JavaScript engine keeps Lua's call stack for us at no cost
 * while nothing fails. Frames are read one by one, because each question to one takes its time.
 */
export class StackLevels {
  private frames: readonly NodeJS.CallSite[]
  private next = 0
  private readonly levels: StackLevel[] = []

  /** `isWanted` false spares the look at the stack when nobody will ask. */
  constructor(isWanted: boolean) {
    this.frames = isWanted ? captureFrames(STACK_FRAMES) : []
    // Library code that recursed deeply fills the frames: then look at all of them.
    if (this.level(1) === undefined && this.frames.length === STACK_FRAMES) this.deepen()
  }

  /** Level 1 is the function that was running, 2 its caller; only near ones can be asked for. */
  level(number: number): StackLevel | undefined {
    while (this.levels.length < number && this.next < this.frames.length) {
      const level = levelOf(this.frames[this.next++] as NodeJS.CallSite)
      if (level !== undefined) this.levels.push(level)
    }
    return this.levels[number - 1]
  }

  /** Looks at the whole stack; only where the levels were made. */
  deepen(): void {
    this.frames = captureFrames(Number.POSITIVE_INFINITY)
    this.next = 0
    this.levels.length = 0
  }
}

const keepFrames = (_error: Error, frames: NodeJS.CallSite[]): NodeJS.CallSite[] => frames

function captureFrames(limit: number): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.prepareStackTrace = keepFrames
  Error.stackTraceLimit = limit
  try {
    const holder: { stack?: readonly NodeJS.CallSite[] } = {}
    Error.captureStackTrace(holder)
    return holder.stack ?? []
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

function levelOf(frame: NodeJS.CallSite): StackLevel | undefined {
  const script = frame.getScriptNameOrSourceURL()
  if (typeof script !== 'string') return undefined
  if (!script.startsWith(CHUNK_URL)) {
    return frame.getFunctionName() === BOUNDARY_NAME ? LIBRARY_LEVEL : undefined
  }
  // Functions of the generated text that are no Lua functions are named with a dollar.
  if (frame.getFunctionName()?.startsWith('$') === true) return undefined
  return {
    chunk: Number(script.slice(CHUNK_URL.length)),
    line: frame.getLineNumber() ?? 0,
    column: frame.getColumnNumber() ?? 0,
  }
}
