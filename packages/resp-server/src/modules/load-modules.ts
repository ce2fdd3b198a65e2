import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { RespServerError } from '../errors.ts'
import type { Module } from './module.ts'

/** Modules out of files: each exports a module, or a function that makes one, as its default. */
export async function loadModules(paths: readonly string[]): Promise<Module[]> {
  const modules: Module[] = []
  for (const path of paths) modules.push(await loadModule(path))
  return modules
}

async function loadModule(path: string): Promise<Module> {
  let found: unknown
  try {
    const loaded: { readonly default?: unknown } = await import(pathToFileURL(resolve(path)).href)
    found = typeof loaded.default === 'function' ? await loaded.default() : loaded.default
  } catch (cause) {
    throw new RespServerError('CONFIG_INVALID', `loadmodule: cannot load ${path}`, { cause })
  }
  if (isModule(found)) return found
  const message = `loadmodule: ${path} exports no module as its default`
  throw new RespServerError('CONFIG_INVALID', message)
}

function isModule(value: unknown): value is Module {
  if (typeof value !== 'object' || value === null) return false
  const { name, version } = value as Partial<Module>
  return typeof name === 'string' && typeof version === 'number'
}
