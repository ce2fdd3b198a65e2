import { type Directive, text, yesNo } from './directive.ts'

const importFrom: Directive = {
  name: 'import-from',
  setting: 'importFrom',
  isMutable: false,
  show: (settings) => settings.importFrom,
  apply(settings, [value]) {
    if (value !== 'auto' && value !== 'rdb' && value !== 'aof') {
      return "argument must be 'auto', 'rdb' or 'aof'"
    }
    settings.importFrom = value
    return undefined
  },
}

/** Where redis-server left what is imported at the first start. */
export const MOVE_IN_DIRECTIVES: readonly Directive[] = [
  text('appendfilename', 'appendfilename', false),
  text('appenddirname', 'appenddirname', false),
  yesNo('aof-load-truncated', 'aofLoadTruncated', true),
  importFrom,
]
