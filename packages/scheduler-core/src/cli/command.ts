import type { Command } from 'commander'

/** With what every command on tasks takes. */
export function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--store <dir>', 'folder of the tasks; no other process may have it open')
    .option('--url <url>', 'HTTP surface of the process that has it open')
    .option('--nats <urls>', 'servers of a cluster, nats://... or tls://..., separated by commas')
    .option('--namespace <name>', 'with --nats: which cluster there')
    .option('--json', 'print one JSON object instead of text')
    .exitOverride()
}
