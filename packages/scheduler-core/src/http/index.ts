export { type OpenApiDocument, type OpenApiOptions, openApiDocument } from './open-api.ts'
export type { Authorize, SchedulerHttpOptions } from './options.ts'
export { schedulerHttp } from './plugin.ts'
export type { HttpScheduler } from './surface.ts'
