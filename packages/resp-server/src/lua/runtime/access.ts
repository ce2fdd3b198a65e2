import { LuaTable } from '../table.ts'
import type { LuaFunction, LuaValue } from '../value.ts'
import type { LuaContext } from './context.ts'

/** How many `__index` or `__newindex` links are followed. */
const MAX_LINKS = 100

/** Reading and writing of tables with metamethods. */
export interface Access {
  /** `t.name`; `slots[site]` remembers where the name was found last. */
  field(table: LuaValue, key: string, site: number, slots: Int32Array): LuaValue
  index(table: LuaValue, key: LuaValue, site: number): LuaValue
  setField(table: LuaValue, key: string, value: LuaValue, site: number, slots: Int32Array): void
  setIndex(table: LuaValue, key: LuaValue, value: LuaValue, site: number): void
  /** The function `o:name()` calls. */
  method(object: LuaValue, key: string, site: number, slots: Int32Array): LuaValue
  callable(value: LuaValue, site: number): LuaFunction
}

export function createAccess(context: LuaContext): Access {
  const slow = createSlowAccess(context)
  const fields = createFieldAccess(slow.indexSlow)
  return {
    ...fields,
    ...createIndexing(slow.indexSlow),
    ...createWrites(context, slow.storeSlow),
    method(object, key, site, slots) {
      if (typeof object === 'string') {
        const methods = context.stringMeta.getHash('__index')
        if (methods instanceof LuaTable) return fields.field(methods, key, site, slots)
      }
      return fields.field(object, key, site, slots)
    },
    callable: (value, site) => context.callableOf(value, site),
  }
}

type IndexSlow = (object: LuaValue, key: LuaValue, site: number) => LuaValue
type StoreSlow = (object: LuaValue, key: LuaValue, value: LuaValue, site: number) => void

function createFieldAccess(indexSlow: IndexSlow): Pick<Access, 'field'> {
  function field(table: LuaValue, key: string, site: number, slots: Int32Array): LuaValue {
    if (table instanceof LuaTable) {
      const slot = slots[site] as number
      if (table.keys[slot] === key) {
        const value = table.vals[slot]
        if (value !== undefined) return value
      }
      return findField(table, key, site, slots)
    }
    return indexSlow(table, key, site)
  }

  function findField(table: LuaTable, key: string, site: number, slots: Int32Array): LuaValue {
    const slot = table.findSlot(key)
    const value = table.vals[slot]
    if (value !== undefined) {
      slots[site] = slot
      return value
    }
    const { meta } = table
    return meta === undefined ? undefined : inherited(table, key, site, slots)
  }

  /** A field that the object itself lacks: most often it is in the table of its class. */
  function inherited(object: LuaTable, key: string, site: number, slots: Int32Array): LuaValue {
    const handler = object.meta?.indexHandler()
    if (handler instanceof LuaTable) {
      let slot = slots[site] as number
      if (handler.keys[slot] !== key) {
        slot = handler.findSlot(key)
        slots[site] = slot
      }
      const value = handler.vals[slot]
      if (value !== undefined || handler.meta === undefined) return value
    }
    return handler === undefined ? undefined : indexSlow(object, key, site)
  }

  return { field }
}

function createIndexing(indexSlow: IndexSlow): Pick<Access, 'index'> {
  function index(table: LuaValue, key: LuaValue, site: number): LuaValue {
    if (table instanceof LuaTable) {
      let value: LuaValue
      if (typeof key === 'number') {
        const { array } = table
        if (key > 0 && key < array.length) {
          value = array[key]
          if (value !== undefined) return value
        }
        value = table.getNumber(key)
      } else {
        value = table.getHash(key)
      }
      if (value !== undefined || table.meta === undefined) return value
    }
    return indexSlow(table, key, site)
  }

  return { index }
}

function createWrites(
  context: LuaContext,
  storeSlow: StoreSlow,
): Pick<Access, 'setField' | 'setIndex'> {
  function setField(
    table: LuaValue,
    key: string,
    value: LuaValue,
    site: number,
    slots: Int32Array,
  ): void {
    if (table instanceof LuaTable && !table.isProtected) {
      const slot = slots[site] as number
      if (table.keys[slot] === key && value !== undefined && table.vals[slot] !== undefined) {
        // Metamethods are only for fields that are not there.
        table.vals[slot] = value
        return
      }
      slots[site] = table.findSlot(key)
      if (table.plain) {
        table.setHash(key, value)
        return
      }
    }
    storeSlow(table, key, value, site)
  }

  function setIndex(table: LuaValue, key: LuaValue, value: LuaValue, site: number): void {
    if (table instanceof LuaTable && table.plain) {
      if (typeof key === 'number') {
        const { array } = table
        const last = array.length - 1
        if (key > 0 && key < last && (key | 0) === key) array[key] = value
        else if (key === last + 1 && value !== undefined) table.append(value)
        else if (Number.isNaN(key)) throw context.fail('table index is NaN')
        else table.setNumber(key, value)
        return
      }
      if (key === undefined) throw context.fail('table index is nil')
      table.setHash(key, value)
      return
    }
    storeSlow(table, key, value, site)
  }

  return { setField, setIndex }
}

/** The general case, following metamethods. */
function createSlowAccess(context: LuaContext): { indexSlow: IndexSlow; storeSlow: StoreSlow } {
  function indexSlow(object: LuaValue, key: LuaValue, site: number): LuaValue {
    let at = object
    for (let links = 0; links < MAX_LINKS; links++) {
      let handler: LuaValue
      if (at instanceof LuaTable) {
        const value = at.get(key)
        if (value !== undefined || at.meta === undefined) return value
        handler = at.meta.indexHandler()
        if (handler === undefined) return undefined
      } else {
        handler = context.metamethod(at, '__index')
        if (handler === undefined) throw context.typeError('index', at, links === 0 ? site : 0)
      }
      if (typeof handler === 'function') return context.callMeta(handler, at, key)
      at = handler
    }
    throw context.fail('loop in gettable')
  }

  function storeSlow(object: LuaValue, key: LuaValue, value: LuaValue, site: number): void {
    let at = object
    for (let links = 0; links < MAX_LINKS; links++) {
      let handler: LuaValue
      if (at instanceof LuaTable) {
        const isThere = at.meta === undefined || at.get(key) !== undefined
        if (!isThere) handler = at.meta?.getHash('__newindex')
        if (handler === undefined) {
          storeRaw(at, key, value)
          return
        }
      } else {
        handler = context.metamethod(at, '__newindex')
        if (handler === undefined) throw context.typeError('index', at, links === 0 ? site : 0)
      }
      if (typeof handler === 'function') {
        context.callMeta(handler, at, key, value)
        return
      }
      at = handler
    }
    throw context.fail('loop in settable')
  }

  function storeRaw(table: LuaTable, key: LuaValue, value: LuaValue): void {
    if (table.isProtected) throw context.fail('Attempt to modify a readonly table')
    if (key === undefined) throw context.fail('table index is nil')
    if (typeof key === 'number' && Number.isNaN(key)) throw context.fail('table index is NaN')
    table.set(key, value)
  }

  return { indexSlow, storeSlow }
}
