import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Client } from '../clients/client.ts'
import { describeClient } from '../clients/describe-client.ts'
import type { Command } from '../commands/command.ts'
import { RespServerError } from '../errors.ts'
import type { Bytes } from '../protocol/reply.ts'
import type { ServerContext } from '../server/context.ts'
import { AclLog } from './acl-log.ts'
import type { Denial } from './denial.ts'
import { User, type UserDefaults } from './user.ts'
import { mergeSelectors, readUsers } from './user-lines.ts'

const DEFAULT_RULES = ['+@all', '~*', '&*', 'on', 'nopass']

/** What the dispatcher tells of a denial. */
export function denialLine(denial: Denial, command: Command): string {
  switch (denial.reason) {
    case 'command':
      return `NOPERM this user has no permissions to run the '${command.fullName}' command`
    case 'key':
      return 'NOPERM this user has no permissions to access one of the keys used as arguments'
    case 'channel':
      return 'NOPERM this user has no permissions to access one of the channels used as arguments'
  }
}

/** All users of a server. */
export class Acl {
  readonly log: AclLog = new AclLog()
  readonly defaultUser: User
  /** For in-process calls: may do everything whatever becomes of `default`. */
  readonly owner: User
  readonly #server: ServerContext
  #users: Map<string, User>

  constructor(server: ServerContext) {
    this.#server = server
    this.defaultUser = this.#createDefault()
    this.owner = this.#createDefault()
    this.#users = new Map([['default', this.defaultUser]])
    this.#readSettings()
  }

  /** Sorted by name. */
  get users(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): User | undefined {
    return this.#users.get(name)
  }

  /** requirepass: the password of the user `default`. */
  setDefaultPassword(password: string): void {
    const rules = password === '' ? ['nopass'] : ['resetpass', `>${password}`]
    for (const rule of rules) this.defaultUser.apply(rule, this.#defaults())
  }

  /** The user behind the words, undefined when they are wrong, which is put down. */
  authenticate(client: Client, name: string, password: string): User | undefined {
    const user = this.#users.get(name)
    if (user?.accepts(password) === true) return user
    this.#note(client, 'auth', 'AUTH', name)
    return undefined
  }

  /** All rules or none. Answers what is wrong, if anything. */
  setUser(name: string, rules: readonly string[]): string | undefined {
    const merged = mergeSelectors(rules)
    if (typeof merged === 'string') return merged
    const before = this.#users.get(name)
    const changed = new User(name, this.#defaults())
    if (before !== undefined) changed.become(before)
    for (const rule of merged) {
      const problem = changed.apply(rule, this.#defaults())
      if (problem !== undefined) return `Error in ACL SETUSER modifier '${rule}': ${problem}`
    }
    if (before === undefined) this.#users.set(name, changed)
    else {
      this.#closeListeners(before, changed)
      before.become(changed)
    }
    return undefined
  }

  /** Removes a user and closes their connections. */
  deleteUser(name: string): boolean {
    const user = this.#users.get(name)
    if (user === undefined) return false
    this.#users.delete(name)
    this.#closeClients((client) => client.user === user)
    return true
  }

  /** Checks a request, and puts down what is denied. */
  check(
    client: Client,
    command: Command,
    args: readonly Bytes[],
    context: 'toplevel' | 'multi' | 'lua',
  ): Denial | undefined {
    const { user } = client
    if (user.isUnrestricted) return undefined
    const texts = args.map((one) => (typeof one === 'string' ? one : one.toString('latin1')))
    const denial = user.check(command, texts)
    if (denial === undefined) return undefined
    const object = denial.reason === 'command' ? command.fullName : (texts[denial.position] ?? '')
    this.#note(client, denial.reason, object, user.name, context)
    return denial
  }

  /** ACL LOAD: the users of the file, or a text of everything that is wrong with it. */
  load(path: string): string | undefined {
    let text: string
    try {
      text = readFileSync(this.#locate(path), 'latin1')
    } catch (error) {
      return `Error loading ACLs, opening file '${path}': ${reasonOf(error)}`
    }
    const read = readUsers(text, path, this.#defaults())
    if (typeof read === 'string') return read
    const { defaultUser } = this
    defaultUser.become(read.get('default') ?? this.#createDefault())
    const before = this.#users
    this.#users = read
    read.set('default', defaultUser)
    for (const client of this.#server.clients.all()) {
      const user = read.get(client.user.name)
      if (client.user === defaultUser || before.get(client.user.name) !== client.user) continue
      if (user === undefined) client.transport.close('now')
      else {
        this.#closeListeners(client.user, user)
        client.user = user
      }
    }
    return undefined
  }

  /** ACL SAVE. Throws when the file cannot be written; the old one is there then. */
  save(path: string): void {
    const lines = this.users.map((user) => `user ${user.name} ${user.describe()}\n`)
    const file = this.#locate(path)
    const temporary = `${file}.tmp-${process.pid}`
    writeFileSync(temporary, lines.join(''), { encoding: 'latin1', mode: 0o600, flush: true })
    renameSync(temporary, file)
  }

  /** Relative paths begin at `dir`, where redis-server would stand. */
  #locate(path: string): string {
    return resolve(this.#server.settings.dir, path)
  }

  #defaults(): UserDefaults {
    const { commands, settings } = this.#server
    return { commands, allowsAllChannels: settings.aclPubsubDefault === 'allchannels' }
  }

  #createDefault(): User {
    const user = new User('default', this.#defaults())
    for (const rule of DEFAULT_RULES) user.apply(rule, this.#defaults())
    return user
  }

  #readSettings(): void {
    const { requirepass, users, aclfile } = this.#server.settings
    if (requirepass !== '') this.setDefaultPassword(requirepass)
    for (const line of users) {
      const [name = '', ...rules] = line
      if (name === 'default') this.defaultUser.apply('reset', this.#defaults())
      const problem = this.setUser(name, rules)
      if (problem !== undefined)
        throw new RespServerError('CONFIG_INVALID', `user ${name}: ${problem}`)
    }
    const problem = aclfile === '' ? undefined : this.load(aclfile)
    if (problem !== undefined) throw new RespServerError('CONFIG_INVALID', problem)
  }

  #note(
    client: Client,
    reason: Denial['reason'] | 'auth',
    object: string,
    username: string,
    context: 'toplevel' | 'multi' | 'lua' = client.isInTransaction ? 'multi' : 'toplevel',
  ): void {
    const caller = this.#server.scripting.runner.run?.caller ?? client
    const facts = { reason, context, object, username, client: describeClient(caller) }
    this.log.add(facts, this.#server.keyspace.now, this.#server.settings.aclLogMaxLen)
  }

  /** Closes listeners who listen to what they may no longer. */
  #closeListeners(before: User, after: User): void {
    this.#closeClients(
      (client) =>
        client.user === before &&
        client.isSubscriber &&
        !(
          [...client.channels, ...client.shardChannels].every((one) =>
            after.allowsChannel(one, false),
          ) && [...client.patterns].every((one) => after.allowsChannel(one, true))
        ),
    )
  }

  #closeClients(isMeant: (client: Client) => boolean): void {
    for (const client of this.#server.clients.all()) {
      // whoever asked gets the answer first
      if (isMeant(client)) client.transport.close('after-reply')
    }
  }
}

const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? 'No such file or directory'
    : error instanceof Error
      ? error.message
      : String(error)
