/** A local variable (or parameter) of one function. */
export interface LocalVar {
  readonly name: string
  /** The JavaScript name. */
  readonly id: string
  readonly owner: FunctionNode
  /** An inner function uses it. */
  captured: boolean
  /** Written after its declaration. */
  assigned: boolean
  /** Every value it is given, or undefined among them for one the compiler cannot see. */
  readonly given: (Expr | undefined)[]
  /** Found by inference: holds nothing but numbers. */
  isNumber: boolean
  /** Found by inference: always this function. */
  constant: FunctionNode | undefined
}

export interface FunctionNode {
  readonly kind: 'function'
  readonly line: number
  readonly parent: FunctionNode | undefined
  readonly params: LocalVar[]
  isVararg: boolean
  usesVararg: boolean
  /** The `arg` table of 5.0, filled only when the body does not say `...`. */
  arg: LocalVar | undefined
  body: Block
  /** Calls something, so that it may recurse. */
  hasCalls: boolean
  hasLoops: boolean
  /** How many locals it declares, for the estimate of its stack frame. */
  localCount: number
  readonly upvalues: Set<LocalVar>
  /** Returns whose expressions inference looks at. */
  readonly returns: (readonly Expr[])[]
  /** Every return gives exactly one value, and the end is never reached. */
  isSingle: boolean
}

export type Block = Stat[]

export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '..'
  | '=='
  | '~='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or'

export interface IndexExpr {
  readonly kind: 'index'
  readonly object: Expr
  readonly key: Expr
  readonly line: number
}

export interface CallExpr {
  readonly kind: 'call'
  readonly callee: Expr
  readonly args: readonly Expr[]
  readonly line: number
}

export interface MethodExpr {
  readonly kind: 'method'
  readonly object: Expr
  readonly name: string
  readonly args: readonly Expr[]
  readonly line: number
}

export interface BinaryExpr {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly left: Expr
  readonly right: Expr
  readonly line: number
}

export interface TableExpr {
  readonly kind: 'table'
  readonly items: readonly TableItem[]
  readonly line: number
}

export interface TableItem {
  /** undefined for a positional item. */
  readonly key: Expr | undefined
  readonly value: Expr
}

export type Expr =
  | { readonly kind: 'nil' | 'true' | 'false' | 'vararg' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'local'; readonly variable: LocalVar; readonly isUpvalue: boolean }
  | { readonly kind: 'global'; readonly name: string; readonly line: number }
  | {
      readonly kind: 'unary'
      readonly op: '-' | 'not' | '#'
      readonly operand: Expr
      readonly line: number
    }
  | { readonly kind: 'paren'; readonly inner: Expr }
  | IndexExpr
  | CallExpr
  | MethodExpr
  | BinaryExpr
  | TableExpr
  | FunctionNode

export interface NumericFor {
  readonly kind: 'for'
  readonly variable: LocalVar
  readonly start: Expr
  readonly limit: Expr
  readonly step: Expr | undefined
  readonly body: Block
  readonly line: number
}

export interface GenericFor {
  readonly kind: 'forin'
  readonly variables: readonly LocalVar[]
  readonly exprs: readonly Expr[]
  readonly body: Block
  readonly line: number
}

export interface IfStat {
  readonly kind: 'if'
  readonly arms: readonly { readonly test: Expr; readonly body: Block }[]
  readonly otherwise: Block | undefined
  readonly line: number
}

export interface AssignStat {
  readonly kind: 'assign'
  readonly targets: readonly Expr[]
  readonly values: readonly Expr[]
  readonly line: number
}

export interface LocalStat {
  readonly kind: 'localdecl'
  readonly variables: readonly LocalVar[]
  readonly values: readonly Expr[]
  readonly line: number
}

export type Stat =
  | { readonly kind: 'do'; readonly body: Block; readonly line: number }
  | { readonly kind: 'while'; readonly test: Expr; readonly body: Block; readonly line: number }
  | { readonly kind: 'repeat'; readonly test: Expr; readonly body: Block; readonly line: number }
  | { readonly kind: 'break'; readonly line: number }
  | { readonly kind: 'return'; readonly values: readonly Expr[]; readonly line: number }
  | { readonly kind: 'callstat'; readonly call: CallExpr | MethodExpr; readonly line: number }
  | {
      readonly kind: 'localfunction'
      readonly variable: LocalVar
      readonly fn: FunctionNode
      readonly line: number
    }
  | NumericFor
  | GenericFor
  | IfStat
  | AssignStat
  | LocalStat
