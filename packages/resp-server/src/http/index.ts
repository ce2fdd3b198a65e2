export { type OpenApiDocument, type OpenApiOptions, openApiDocument } from './open-api.ts'
export type { HttpServer, RespHttpOptions } from './options.ts'
export { respHttp } from './plugin.ts'
