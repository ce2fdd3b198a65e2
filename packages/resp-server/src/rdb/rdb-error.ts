/** The bytes are not what they should be. Decoding throws nothing else. */
export class RdbError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.name = 'RdbError'
    this.offset = offset
  }
}
