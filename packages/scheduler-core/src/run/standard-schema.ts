/** What went wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A result of a validator: the value, as it may be used, or what is wrong with it. */
export type SchemaResult<O> =
  | { readonly value: O; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * A validator of the Standard Schema interface, version 1 (https://standardschema.dev): Zod, Valibot,
 * ArkType and others have it. Only its `~standard` property is used, and no such library is needed.
 */
export interface StandardSchema<I = unknown, O = I> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>
    readonly types?: { readonly input: I; readonly output: O } | undefined
  }
}

/** The value as the schema gives it back, or what is wrong with it in one line. */
export function validate(
  schema: StandardSchema,
  value: unknown,
):
  | { readonly value: unknown }
  | { readonly wrong: string; readonly issues: readonly SchemaIssue[] } {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    result.catch(() => {}) // its verdict is of no use
    throw new TypeError('a schema of a handler must validate synchronously')
  }
  if (result.issues === undefined) return { value: result.value }
  const shown = result.issues.slice(0, MAX_SHOWN).map(({ message, path = [] }) => {
    const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
    return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
  })
  return { wrong: shown.join('; '), issues: result.issues }
}

/** Issues that an error message names. */
const MAX_SHOWN = 5
