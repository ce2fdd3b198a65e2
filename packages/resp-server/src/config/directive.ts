import type { Settings } from './settings.ts'

/** A name that configuration files, the command line and CONFIG share. */
export interface Directive {
  readonly name: string
  /** The setting behind it; absent for fixed facts such as `maxmemory 0`. */
  readonly setting?: keyof Settings
  readonly aliases?: readonly string[]
  /** CONFIG GET does not show it. */
  readonly isHidden?: boolean
  /** Taken for the sake of existing configurations only. */
  readonly hasNoEffect?: boolean
  /** CONFIG SET may change it while the server runs. */
  readonly isMutable: boolean
  show(settings: Settings): string
  /** Takes the words of the directive; answers what is wrong with them, if anything. */
  apply(settings: Settings, words: readonly string[]): string | undefined
}

export type KeysOf<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings]

/** In Redis' words. */
export const WRONG_COUNT = 'wrong number of arguments'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1_000_000,
  mb: 1024 ** 2,
  g: 1_000_000_000,
  gb: 1024 ** 3,
}

/** `64mb`, `1k`, `1024`; undefined when it is none of these. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+)([a-z]*)$/i.exec(text)
  const unit = UNITS[(match?.[2] ?? '?').toLowerCase()]
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit
}

interface IntegerOptions {
  readonly min: number
  readonly max: number
  readonly isMutable?: boolean
  readonly aliases?: readonly string[]
  readonly isMemory?: boolean
  readonly isOctal?: boolean
}

export function integer(name: string, setting: KeysOf<number>, options: IntegerOptions): Directive {
  const { min, max } = options
  return {
    name,
    setting,
    isMutable: options.isMutable ?? true,
    ...(options.aliases && { aliases: options.aliases }),
    show: (settings) => settings[setting].toString(options.isOctal ? 8 : 10),
    apply(settings, words) {
      if (words.length > 1) return WRONG_COUNT
      const [text = ''] = words
      const plain = options.isOctal ? Number.parseInt(text, 8) : Number(text)
      const value = options.isMemory ? parseMemory(text) : /^-?\d+$/.test(text) ? plain : undefined
      if (value === undefined || Number.isNaN(value)) {
        return options.isMemory
          ? 'argument must be a memory value'
          : "argument couldn't be parsed into an integer"
      }
      if (value < min || value > max) {
        return `argument must be between ${min} and ${max} inclusive`
      }
      settings[setting] = value as never
      return undefined
    },
  }
}

export function text(name: string, setting: KeysOf<string>, isMutable: boolean): Directive {
  return {
    name,
    setting,
    isMutable,
    show: (settings) => settings[setting],
    apply(settings, words) {
      if (words.length > 1) return WRONG_COUNT
      settings[setting] = (words[0] ?? '') as never
      return undefined
    },
  }
}

/** `yes` or `no`. */
export function yesNo(name: string, setting: KeysOf<boolean>, isMutable: boolean): Directive {
  return {
    name,
    setting,
    isMutable,
    show: (settings) => (settings[setting] ? 'yes' : 'no'),
    apply(settings, words) {
      if (words.length > 1) return WRONG_COUNT
      const [value] = words
      if (value !== 'yes' && value !== 'no') return "argument must be 'yes' or 'no'"
      settings[setting] = (value === 'yes') as never
      return undefined
    },
  }
}

/** Something that this server does not vary: shown as it is, and only that can be set. */
export function fixed(name: string, value: string, isMutable = true): Directive {
  return {
    name,
    isMutable,
    show: () => value,
    apply: (_settings, words) =>
      words.join(' ') === value || (parseMemory(words.join(' ')) === 0 && value === '0')
        ? undefined
        : `this server supports '${value}' only`,
  }
}
