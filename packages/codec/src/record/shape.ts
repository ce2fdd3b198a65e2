/** What is read next: a value of the record at the given nesting depth. */
export type ReadValue = (depth: number) => unknown

/** The keys of an object, in order. Records store each shape once and refer to it by number. */
export interface Shape {
  readonly keys: readonly string[]
  /** Reads one value per key, in order, and makes the object of them. */
  build: (read: ReadValue, depth: number) => Record<string, unknown>
  uses: number
}

/** Compiling a builder costs about 20 us and gains about 100 ns each time. */
const COMPILE_AFTER_USES = 200
const COMPILE_KEYS_MAX = 200

/** Makes the shape of objects with these keys. */
export function createShape(keys: readonly string[]): Shape {
  const shape: Shape = {
    keys,
    uses: 0,
    build(read, depth) {
      if (++shape.uses === COMPILE_AFTER_USES) shape.build = compile(keys) ?? plain
      return plain(read, depth)
    },
  }
  const plain = keys.includes('__proto__') ? buildWithProto(keys) : buildInLoop(keys)
  return shape
}

function buildInLoop(keys: readonly string[]): Shape['build'] {
  return (read, depth) => {
    const object: Record<string, unknown> = {}
    for (let i = 0; i < keys.length; i++) object[keys[i] as string] = read(depth)
    return object
  }
}

/** A key named `__proto__` is a property like any other, as it is for `JSON.parse`. */
function buildWithProto(keys: readonly string[]): Shape['build'] {
  return (read, depth) => {
    const object: Record<string, unknown> = {}
    for (const key of keys) {
      const property = { enumerable: true, configurable: true, writable: true, value: read(depth) }
      Object.defineProperty(object, key, property)
    }
    return object
  }
}

/**
 * An object literal lets V8 give all objects of a shape one hidden class without looking keys up.
 * Keys enter the source as JSON strings in computed position, so none can be code and `__proto__`
 * is no exception. Undefined where the process forbids code from strings: the loop stays.
 */
function compile(keys: readonly string[]): Shape['build'] | undefined {
  if (keys.length > COMPILE_KEYS_MAX) return undefined
  const properties = keys.map((key) => `[${JSON.stringify(key)}]:read(depth)`)
  try {
    // The source is made of JSON strings only, and evaluates to a function of this type.
    // oxlint-disable-next-line typescript/no-implied-eval
    return new Function('read', 'depth', `return {${properties.join(',')}}`) as Shape['build']
  } catch {
    return undefined
  }
}
