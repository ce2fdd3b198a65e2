import type { CancelOutcome, RescheduleOutcome } from '../scheduler/bookings.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { TaskView } from '../task/view.ts'
import type { Stats, Target } from './target.ts'
import { TOKEN_VARIABLE } from './token.ts'

/** A server that does not answer in this time does not answer. */
const TIMEOUT_MS = 30_000

interface Answer {
  readonly status: number
  readonly body: unknown
}

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** The tasks of a running server, over its HTTP surface. */
export function remoteTarget(url: string, token: string | undefined): Target {
  if (!URL.canParse(url)) throw new RangeError(`--url must be a URL, not ${url}`)
  const call = callerOf(url.replace(/\/+$/, ''), token)
  const ok = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await call(method, path, body)
    if (answer.status >= 400) throw failureOf(answer)
    return answer.body
  }
  const task = (id: string, rest = ''): string => `/tasks/${encodeURIComponent(id)}${rest}`
  const queue = (name: string, rest: string): string => `/queues/${encodeURIComponent(name)}${rest}`
  return {
    async list(query) {
      const fields = new URLSearchParams()
      for (const [name, value] of Object.entries(query)) fields.set(name, String(value))
      return (await ok('GET', `/tasks?${fields.toString()}`)) as ListPage
    },
    async get(id) {
      const answer = await call('GET', task(id))
      if (answer.status === 404) return undefined
      if (answer.status >= 400) throw failureOf(answer)
      return answer.body as TaskView
    },
    cancel: (id) => outcomeOf<CancelOutcome>(call('DELETE', task(id))),
    reschedule: (id, due) => outcomeOf<RescheduleOutcome>(call('PATCH', task(id), due)),
    async redrive(what) {
      const path = typeof what === 'string' ? task(what) : queue(what.queue, '')
      const answer = await call('POST', `${path}/redrive`)
      if (answer.status === 404) return 0
      if (answer.status >= 400) throw failureOf(answer)
      return (answer.body as { readonly redriven: number }).redriven
    },
    pause: async (name) => void (await ok('POST', queue(name, '/pause'))),
    resume: async (name) => void (await ok('POST', queue(name, '/resume'))),
    stats: async () => (await ok('GET', '/metrics.json')) as Stats,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function callerOf(base: string, token: string | undefined): Call {
  return async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Error(`${base} does not answer`, { cause })
    })
    const text = await response.text()
    return { status: response.status, body: parse(text, base) }
  }
}

function parse(text: string, base: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${base} is not the HTTP surface of a scheduler`, { cause })
  }
}

async function outcomeOf<T extends string>(call: Promise<Answer>): Promise<T> {
  const answer = await call
  const { outcome, error } = answer.body as { outcome?: T; error?: { code?: string } }
  if (answer.status < 400 && outcome !== undefined) return outcome
  if (error?.code === 'TASK_TOO_LATE') return 'too-late' as T
  if (error?.code === 'TASK_UNKNOWN') return 'unknown' as T
  throw failureOf(answer)
}

function failureOf({ status, body }: Answer): Error {
  if (status === 401) return new Error(`the server asks for a token: set ${TOKEN_VARIABLE}`)
  const { error } = Object(body) as { readonly error?: { readonly message?: string } }
  return new Error(error?.message ?? `the server answered ${status}`)
}
