import { readFileSync } from 'node:fs'

/**
 * Reads a file of scripts: one a line, or several lines between `<<<` and `>>>`. Lines that start
 * with `##` are remarks. Bytes are kept as they are.
 */
export function readScripts(path: string | URL): string[] {
  const scripts: string[] = []
  let block: string[] | undefined
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    if (line === '<<<') block = []
    else if (line === '>>>') {
      scripts.push((block ?? []).join('\n'))
      block = undefined
    } else if (block !== undefined) block.push(line)
    else if (line !== '' && !line.startsWith('##')) scripts.push(line)
  }
  return scripts
}
