import { createHash, timingSafeEqual } from 'node:crypto'
import type { Command } from '../commands/command.ts'
import type { CommandTable } from '../commands/command-table.ts'
import { splitInline } from '../protocol/inline.ts'
import { type Denial, furtherOf } from './denial.ts'
import { Selector } from './selector.ts'

const NO_SUCH_PASSWORD = 'The password you are trying to remove from the user does not exist'
const BAD_HASH =
  'The password hash must be exactly 64 characters and contain only lowercase hexadecimal ' +
  'characters'

const sha256 = (password: string): string =>
  createHash('sha256').update(password, 'latin1').digest('hex')

/** Rules that new and reset users start with. */
export interface UserDefaults {
  readonly commands: CommandTable
  /** acl-pubsub-default allchannels. */
  readonly allowsAllChannels: boolean
}

/** Somebody who can log in, and what they may do. */
export class User {
  readonly name: string
  readonly #commands: CommandTable
  isEnabled = false
  /** Any password will do. */
  needsNoPassword = false
  /** What was said about checking RESTORE's payloads, which is always done here. */
  sanitizing: 'skip-sanitize-payload' | 'sanitize-payload' | undefined
  /** SHA-256 of each, in hexadecimal. */
  passwords: string[] = []
  #selectors: Selector[]
  /** May run everything on everything: one look in front of each command. */
  isUnrestricted = false

  constructor(name: string, { commands, allowsAllChannels }: UserDefaults) {
    this.name = name
    this.#commands = commands
    this.#selectors = [new Selector(commands, allowsAllChannels)]
  }

  get selectors(): readonly Selector[] {
    return this.#selectors
  }

  get root(): Selector {
    return this.#selectors[0] as Selector
  }

  /** Takes over everything of another user but the name. */
  become(other: User): void {
    this.isEnabled = other.isEnabled
    this.needsNoPassword = other.needsNoPassword
    this.sanitizing = other.sanitizing
    this.passwords = [...other.passwords]
    this.#selectors = other.#selectors.map((selector) => selector.copy())
    this.isUnrestricted = other.isUnrestricted
  }

  /** Takes one rule; answers what is wrong with it, if anything. */
  apply(rule: string, defaults: UserDefaults): string | undefined {
    const problem = this.#apply(rule, defaults)
    const { root } = this
    this.isUnrestricted = root.allowsAllCommands && root.allowsAllKeys && root.allowsAllChannels
    return problem
  }

  accepts(password: string): boolean {
    if (!this.isEnabled) return false
    if (this.needsNoPassword) return true
    const given = Buffer.from(sha256(password))
    let isRight = false
    for (const hash of this.passwords) {
      if (timingSafeEqual(given, Buffer.from(hash))) isRight = true
    }
    return isRight
  }

  /** Whether a selector that allows the request lets every key be read. */
  readsAllKeys(command: Command, args: readonly string[]): boolean {
    return this.#selectors.some(
      (selector) => selector.readsAllKeys && selector.check(command, args) === undefined,
    )
  }

  /** undefined when one of the selectors allows the request. */
  check(command: Command, args: readonly string[]): Denial | undefined {
    let told: Denial | undefined
    for (const selector of this.#selectors) {
      const denial = selector.check(command, args)
      if (denial === undefined) return undefined
      told = furtherOf(told, denial)
    }
    return told
  }

  allowsChannel(channel: string, isPattern: boolean): boolean {
    return this.#selectors.some((selector) => selector.allowsChannel(channel, isPattern))
  }

  get flags(): string[] {
    const flags = [this.isEnabled ? 'on' : 'off']
    if (this.needsNoPassword) flags.push('nopass')
    if (this.sanitizing !== undefined) flags.push(this.sanitizing)
    return flags
  }

  describe(): string {
    const [root, ...others] = this.#selectors.map((selector) => selector.describe())
    const hashes = this.passwords.map((hash) => `#${hash}`)
    const selectors = others.map((text) => `(${text})`)
    return [...this.flags, ...hashes, root, ...selectors].join(' ')
  }

  #apply(rule: string, defaults: UserDefaults): string | undefined {
    switch (rule.toLowerCase()) {
      case '':
        return undefined
      case 'on':
      case 'off':
        this.isEnabled = rule.toLowerCase() === 'on'
        return undefined
      case 'nopass':
      case 'resetpass':
        this.needsNoPassword = rule.toLowerCase() === 'nopass'
        this.passwords = []
        return undefined
      case 'skip-sanitize-payload':
      case 'sanitize-payload':
        this.sanitizing = /^skip/i.test(rule) ? 'skip-sanitize-payload' : 'sanitize-payload'
        return undefined
      case 'clearselectors':
        this.#selectors.length = 1
        return undefined
      case 'reset':
        this.become(new User(this.name, defaults))
        this.sanitizing = 'sanitize-payload'
        return undefined
      default:
        break
    }
    if (/^[>#<!]/.test(rule)) return this.#changePasswords(rule)
    if (rule.startsWith('(') && rule.endsWith(')')) return this.#addSelector(rule.slice(1, -1))
    return this.root.apply(rule)
  }

  #changePasswords(rule: string): string | undefined {
    const kind = rule[0] as string
    const text = rule.slice(1)
    if ((kind === '#' || kind === '!') && !/^[\da-f]{64}$/.test(text)) return BAD_HASH
    const hash = kind === '>' || kind === '<' ? sha256(text) : text
    if (kind === '>' || kind === '#') {
      if (!this.passwords.includes(hash)) this.passwords.push(hash)
      this.needsNoPassword = false
      return undefined
    }
    if (!this.passwords.includes(hash)) return NO_SUCH_PASSWORD
    this.passwords = this.passwords.filter((one) => one !== hash)
    return undefined
  }

  #addSelector(text: string): string | undefined {
    const selector = new Selector(this.#commands, false)
    for (const rule of splitInline(text) ?? []) {
      const problem = selector.apply(rule)
      if (problem !== undefined) return problem
    }
    this.#selectors.push(selector)
    return undefined
  }
}
