import { RequestError } from './failure.ts'
import type { Schema } from './schema.ts'

/**
 * Refuses fields that a schema does not know, at any depth: Fastify drops them, so that a misspelt
 * one would go unnoticed. What a schema says nothing about, as a payload, is the caller's own.
 */
export function refuseUnknown(value: unknown, schema: Schema, where: string): void {
  const { properties, items, additionalProperties, anyOf = [] } = schema
  if (Array.isArray(value)) {
    if (items === undefined || '$ref' in items) return
    for (const [index, item] of value.entries()) refuseUnknown(item, items, `${where}[${index}]`)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const choice of anyOf) refuseUnknown(value, choice, where)
  if (properties === undefined && typeof additionalProperties !== 'object') return
  for (const [field, inner] of Object.entries(value)) {
    const isNamed = properties !== undefined && Object.hasOwn(properties, field)
    const known = isNamed ? properties[field] : additionalProperties
    if (typeof known !== 'object') {
      throw new RequestError(400, 'REQUEST_INVALID', `${where} has an unknown field '${field}'`)
    }
    refuseUnknown(inner, known, `${where}.${field}`)
  }
}
