/** The same thing with one method or property of another make. */
export function replaced<T extends object>(thing: T, name: keyof T, by: unknown): T {
  return new Proxy(thing, {
    get(target, asked) {
      if (asked === name) return by
      const value: unknown = Reflect.get(target, asked, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
