import type { Command } from '../commands/command.ts'

interface ChannelArguments {
  readonly from: number
  readonly to: number
  /** The arguments are patterns: they are compared as they stand. */
  readonly arePatterns: boolean
}

const ALL = Number.POSITIVE_INFINITY

/** Commands whose arguments are channels that a user must be allowed. */
const CHANNEL_ARGUMENTS: Readonly<Record<string, ChannelArguments>> = {
  publish: { from: 1, to: 1, arePatterns: false },
  spublish: { from: 1, to: 1, arePatterns: false },
  subscribe: { from: 1, to: ALL, arePatterns: false },
  ssubscribe: { from: 1, to: ALL, arePatterns: false },
  psubscribe: { from: 1, to: ALL, arePatterns: true },
}

export function channelArguments(command: Command): ChannelArguments | undefined {
  const { fullName } = command
  return Object.hasOwn(CHANNEL_ARGUMENTS, fullName) ? CHANNEL_ARGUMENTS[fullName] : undefined
}
