export { type Api, type ApiMetrics, createApi } from './api.ts'
export type {
  Catalog,
  Collection,
  CollectionKey,
  DefaultValue,
  Field,
  FieldType,
  ForeignKey,
  Generation,
  Relation,
} from './catalog/catalog.ts'
export type { DateForm } from './catalog/date-form.ts'
export { ApiError, type ApiErrorCode, type ApiErrorDetails, isApiError } from './errors.ts'
export type { ChangeEvent, ChangeListener } from './items/changes.ts'
export type { EngineEvents } from './items/engine.ts'
export type { AnswerQuery, ChoiceQuery, Item, ItemKey, Items } from './items/items.ts'
export type { ApiEvents, ApiOptions, AuthOptions } from './options.ts'
export type { Meta, Query } from './query/query.ts'
export type { Listening, ListenOptions } from './rest/server.ts'
