/** A chunk that does not compile; the message is Lua's, with chunk name and line. */
export class LuaSyntaxError extends Error {
  override readonly name = 'LuaSyntaxError'
}
