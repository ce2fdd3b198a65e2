import type { Readable } from 'node:stream'

/** Where a command reads and writes: the process's streams, or those of a test. */
export interface Streams {
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
}

/** What is needed of an output stream. */
export interface Output {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string | Uint8Array): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** An option of a command. */
export interface OptionSpec {
  /** How the value is called in the help; an option without one is a switch. */
  readonly value?: string
  readonly help: string
}

/** What a command was called with. */
export interface Call {
  /** By the names in the command's `parameters`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly streams: Streams
  readonly json: boolean
}

/** One command of `ashlar-lsm`. */
export interface CliCommand {
  readonly name: string
  readonly summary: string
  /** All are needed, but for those that end with `?`. */
  readonly parameters: readonly string[]
  readonly options: Readonly<Record<string, OptionSpec>>
  /** Returns the exit code. */
  readonly run: (call: Call) => Promise<number>
}

export const DONE = 0
export const FAILED = 1
export const WRONG_USAGE = 2
export const NOT_FOUND = 3

/** It was called wrongly: the message tells how, the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The value of an option, or undefined. */
export function textOption({ options }: Call, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** The value of an option as a whole number within bounds, or the default. */
export function numberOption(call: Call, name: string, least: number, otherwise: number): number {
  const text = textOption(call, name)
  if (text === undefined) return otherwise
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${name} must be a whole number of at least ${least}, got '${text}'`)
}

/** Writes a line; waits when the reader cannot keep up. */
export async function printLine({ stdout }: Streams, line: string): Promise<void> {
  if (!stdout.write(`${line}\n`))
    await new Promise<void>((resolve) => stdout.once('drain', resolve))
}

/** Facts as `name: value` lines, or as one JSON object. */
export async function printFacts(call: Call, facts: object): Promise<void> {
  if (call.json) {
    await printLine(call.streams, JSON.stringify(facts))
    return
  }
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) await printLine(call.streams, `${wordsOf(name)}: ${shown(value)}`)
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const wordsOf = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
