import type { Expr, FunctionNode } from '../compiler/ast.ts'
import { inferTypes } from '../compiler/inference.ts'
import { parseChunk } from '../compiler/parser.ts'
import { FunctionEmitter } from './function-emitter.ts'
import { layoutLines } from './line-layout.ts'

/** JavaScript for a chunk and what is needed to explain its errors. */
export interface GeneratedCode {
  /** The body of a function of the runtime support object, see {@link generate}. */
  readonly body: string
  /** The Lua line of each line of the body. */
  readonly lines: readonly number[]
  /** What a site calls or indexes, such as `local 'x'`. */
  readonly sites: readonly (string | undefined)[]
}

/** Which extra machinery a chunk needs. */
export interface ChunkModes {
  /** Functions may yield: they are compiled as generators. */
  readonly coroutines: boolean
  /** Functions may get another environment by setfenv. */
  readonly environments: boolean
}

/**
 * Compiles Lua source to the body of a JavaScript function `($R, $S) => (E) => main`: `$R` is the
 * runtime support, `$S` a list of slots as long as there are sites, `E` the globals. The text holds no byte of the source but string
 * literals escaped as JSON.
 */
export function generate(source: string, chunkName: string): GeneratedCode {
  const parsed = parseChunk(source, chunkName)
  inferTypes(parsed)
  const emitter = new ChunkEmitter({
    coroutines: parsed.globals.has('coroutine'),
    environments: parsed.globals.has('setfenv') || parsed.globals.has('getfenv'),
  })
  return emitter.emit(parsed.main)
}

/** State shared by the functions of one chunk. */
export class ChunkEmitter {
  readonly modes: ChunkModes
  private readonly helpers = new Set<string>()
  private readonly sites: (string | undefined)[] = [undefined]
  private nextName = 0

  constructor(modes: ChunkModes) {
    this.modes = modes
  }

  emit(main: FunctionNode): GeneratedCode {
    const code = new FunctionEmitter(this, main, 'E').emit()
    const names = [...this.helpers].map((name) => `${name}:$${name}`).join(',')
    const text = `"use strict";const {${names}}=$R;` + `return function $env(E){return ${code}}`
    return { ...layoutLines(text), sites: this.sites }
  }

  /** The JavaScript name of a runtime helper. */
  helper(name: string): string {
    this.helpers.add(name)
    return `$${name}`
  }

  /** A new number for a place that may fail, with the name of what fails there. */
  site(of: Expr | undefined): number {
    return this.namedSite(of === undefined ? undefined : describe(of))
  }

  namedSite(name: string | undefined): number {
    return this.sites.push(name) - 1
  }

  uniqueName(prefix: string): string {
    return `${prefix}${++this.nextName}`
  }
}

/** How Lua's error messages name the expression. */
export function describe(expr: Expr): string | undefined {
  switch (expr.kind) {
    case 'local':
      return `${expr.isUpvalue ? 'upvalue' : 'local'} '${expr.variable.name}'`
    case 'global':
      return `global '${expr.name}'`
    case 'index':
      return expr.key.kind === 'string' ? `field '${expr.key.value}'` : "field '?'"
    case 'paren':
      return describe(expr.inner)
    case 'binary':
      // In `(a or 'k') and x` nothing tests the constant, so that x alone made the value.
      return expr.op === 'and' && endsInTrue(expr.left) ? describe(expr.right) : undefined
    default:
      return undefined
  }
}

function endsInTrue(expr: Expr): boolean {
  const inner = expr.kind === 'paren' ? expr.inner : expr
  if (inner.kind !== 'binary' || inner.op !== 'or') return false
  const { kind } = inner.right
  return kind === 'true' || kind === 'number' || kind === 'string'
}
