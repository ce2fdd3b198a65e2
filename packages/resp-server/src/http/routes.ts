import { KEY_ROUTES } from './key-routes.ts'
import type { Route } from './route.ts'
import { SERVER_ROUTES } from './server-routes.ts'

export const ROUTES: readonly Route[] = [...KEY_ROUTES, ...SERVER_ROUTES]
