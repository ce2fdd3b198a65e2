import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian and others put servers without putting the folder on everybody's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']

/** The path of the nats-server program. Throws an error that says how to get it. */
export function findNatsServer(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SERVER_FOLDERS]
  for (const folder of folders) {
    const path = join(folder, 'nats-server')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here: the next folder may have it.
    }
  }
  throw new Error(
    'nats-server is not on the PATH. Debian, Ubuntu: apt-get install nats-server; ' +
      'macOS: brew install nats-server; or https://github.com/nats-io/nats-server/releases',
  )
}
