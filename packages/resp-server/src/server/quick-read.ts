import type { Client } from '../clients/client.ts'
import type { Command } from '../commands/command.ts'
import { acceptsCount } from '../commands/command-table.ts'
import type { ServerContext } from './context.ts'
import type { Executor } from './executor.ts'

/**
 * Runs a quick read by the short way: what `Executor.execute` would do, where nobody could refuse it, hold it
 * back, time it alone or listen to it. It keeps none of its arguments. False, and nothing has
 * happened, when somebody could.
 */
export function readQuickly(
  server: ServerContext,
  executor: Executor,
  client: Client,
  command: Command,
  args: readonly string[],
): boolean {
  if (!acceptsCount(command, args.length) || !isPlain(client)) return false
  if (!isUndisturbed(server, command)) return false
  const { keyspace, blocking, modules } = server
  executor.seeTime()
  client.lastInteraction = keyspace.now
  client.lastCommand = command
  server.statistics.commands += 1
  command.calls += 1
  keyspace.noTouch = client.noTouch
  try {
    command.handler?.(client, args)
    if (client.hasFailed) {
      client.hasFailed = false
      command.failed += 1
    }
  } catch (error) {
    executor.failed(client, command, error)
  }
  server.timing.note(command)
  // a key that had expired has gone
  if (blocking.hasReady) blocking.serveReady()
  if (modules.changes.isPending) modules.changes.deliver()
  server.durability.endOfCommand()
  return true
}

/** May do everything, and its commands run at once and are answered. */
const isPlain = (client: Client): boolean =>
  client.transaction === undefined &&
  client.user.isUnrestricted &&
  client.replyMode === 'on' &&
  !client.isSubscriber

const isUndisturbed = (server: ServerContext, command: Command): boolean =>
  !server.scripting.runner.isBusy &&
  server.gate === undefined &&
  server.settings.maxmemory === 0 &&
  server.pause.mode === 'none' &&
  !server.tracking.isOn &&
  !server.downstream.isOn &&
  server.monitors.size === 0 &&
  !server.timing.timesAlone(command)
