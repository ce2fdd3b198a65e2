import { Cursor } from './cursor.ts'

/** One entry, as a cursor that cannot move. */
export class StandingCursor extends Cursor {
  override first(): void {}
  override last(): void {}
  override seek(): void {}
  override seekBefore(): void {}
  override next(): void {}
  override previous(): void {}
}
