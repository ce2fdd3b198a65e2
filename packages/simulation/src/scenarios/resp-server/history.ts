import { Violation } from '../../world/violation.ts'
import { type Command, KeyModel } from './model.ts'

interface Unit {
  /** One command, or all of a transaction. */
  readonly commands: readonly Command[]
  readonly issuedAtMs: number
  acknowledgedAtMs: number | undefined
}

/** Everything that a server executed, in order: one server, one order. */
export class RespHistory {
  #units: Unit[] = []

  /** Executed now; the result is to be called when it is acknowledged. */
  add(commands: readonly Command[], atMs: number): (atMs: number) => void {
    const unit: Unit = { commands, issuedAtMs: atMs, acknowledgedAtMs: undefined }
    this.#units.push(unit)
    return (acknowledgedAtMs) => {
      unit.acknowledgedAtMs = acknowledgedAtMs
    }
  }

  get length(): number {
    return this.#units.length
  }

  /** How many of the first must have stayed when those acknowledged up to this time have to. */
  acknowledgedBefore(atMs: number): number {
    return (
      this.#units.findLastIndex(
        ({ acknowledgedAtMs }) => acknowledgedAtMs !== undefined && acknowledgedAtMs <= atMs,
      ) + 1
    )
  }

  /** The state is what the first units make, at least so many of them. Goes on from there. */
  cutTo(dump: string, least: number): void {
    const model = new KeyModel()
    let match = model.dump() === dump && least === 0 ? 0 : -1
    for (const [index, { commands }] of this.#units.entries()) {
      for (const command of commands) model.apply(command)
      // the longest that fits: commands that change nothing tell of no difference
      if (index + 1 >= least && model.dump() === dump) match = index + 1
    }
    if (match === -1) {
      throw new Violation(
        'acknowledged-writes',
        `no state with the first ${least} of ${this.#units.length} units or more is what came ` +
          `back: ${dump.slice(0, 400)}; the whole is ${model.dump().slice(0, 400)}`,
      )
    }
    this.#units = this.#units.slice(0, match)
    for (const unit of this.#units) unit.acknowledgedAtMs ??= unit.issuedAtMs
  }
}
