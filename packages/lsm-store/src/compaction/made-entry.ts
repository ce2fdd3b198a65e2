import { StandingCursor } from '../iterator/standing-cursor.ts'

/** An entry that does not come from a run. */
export class MadeEntry extends StandingCursor {
  set(key: Uint8Array, kind: number, sequence: number, value: Uint8Array): this {
    this.key = key
    this.keyStart = 0
    this.keyEnd = key.length
    this.kind = kind
    this.sequence = sequence
    this.value = value
    this.valueStart = 0
    this.valueEnd = value.length
    return this
  }
}
