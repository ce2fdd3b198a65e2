import type { LuaContext } from '../runtime/context.ts'
import type { YieldingFunction } from '../runtime/generators.ts'
import type { LuaTable } from '../table.ts'
import { type LuaFunction, LuaThread, type LuaValue, listOf } from '../value.ts'
import { type Args, libraryTable } from './arguments.ts'

/**
 * Coroutines. A chunk that mentions `coroutine` is compiled to generators, so that its functions
 * can be suspended; functions of other chunks run, but cannot yield.
 */
export function createCoroutineLibrary(context: LuaContext): LuaTable {
  const create = (args: Args): LuaThread => {
    const [entry] = args
    if (typeof entry === 'function') return new LuaThread(entry)
    throw context.argumentError(1, 'Lua function expected')
  }
  return libraryTable({
    create: (...args) => create(args),
    resume(...args) {
      const thread = checkThread(context, args)
      try {
        return [true, ...resume(context, thread, args.slice(1))]
      } catch (thrown) {
        return [false, context.caught(thrown).value]
      }
    },
    wrap(...args) {
      const thread = create(args)
      return (...values) => resume(context, thread, values) as LuaValue[]
    },
    yield: yieldFunction(context),
    status: (...args) => checkThread(context, args).state,
    running: () => context.thread,
  })
}

function checkThread(context: LuaContext, args: Args): LuaThread {
  const [thread] = args
  if (thread instanceof LuaThread) return thread
  throw context.argumentError(1, 'coroutine expected')
}

/** Runs a coroutine until it yields or ends, and gives the values it gave. */
function resume(context: LuaContext, thread: LuaThread, values: Args): readonly LuaValue[] {
  if (thread.state !== 'suspended') {
    throw context.error(`cannot resume ${thread.state} coroutine`)
  }
  const { words, thread: outer } = context
  if (outer !== undefined) outer.state = 'normal'
  context.thread = thread
  thread.state = 'running'
  try {
    return advance(context, thread, values)
  } catch (thrown) {
    thread.state = 'dead'
    throw thrown
  } finally {
    if (thread.state === 'running') thread.state = 'dead'
    context.thread = outer
    if (outer !== undefined) outer.state = 'running'
    context.words = words
  }
}

function advance(context: LuaContext, thread: LuaThread, values: Args): readonly LuaValue[] {
  if (thread.body === undefined) {
    const { body } = thread.entry as YieldingFunction
    // Not made for suspension: it can only run to its end.
    if (body === undefined) return listOf(context.call(thread.entry, values))
    thread.body = body(...values)
  }
  const step = thread.body.next(values)
  if (step.done === true) return listOf(step.value)
  thread.state = 'suspended'
  return step.value
}

function yieldFunction(context: LuaContext): LuaFunction {
  const fn: YieldingFunction = () => {
    throw context.error('attempt to yield across metamethod/C-call boundary')
  }
  fn.body = function* body(...values) {
    if (context.thread === undefined) {
      throw context.error('attempt to yield across metamethod/C-call boundary')
    }
    return yield values
  }
  return fn
}
