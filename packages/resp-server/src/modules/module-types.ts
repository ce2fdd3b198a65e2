import { ReplyError } from '../errors.ts'
import { checkModuleType, type ModuleType } from './module-type.ts'

/** The types of all modules of a server, by name. */
export class ModuleTypes {
  readonly #types = new Map<string, ModuleType<unknown>>()

  add(type: ModuleType<unknown>): void {
    checkModuleType(type)
    if (this.#types.has(type.name)) throw new TypeError(`type '${type.name}' is defined twice`)
    this.#types.set(type.name, type)
  }

  find(name: string): ModuleType<unknown> | undefined {
    return this.#types.get(name)
  }

  /** The type of a stored value; without its module the value stays where it is. */
  get(name: string): ModuleType<unknown> {
    const type = this.#types.get(name)
    if (type === undefined) throw new ReplyError(`ERR the module of type '${name}' is not loaded`)
    return type
  }
}
