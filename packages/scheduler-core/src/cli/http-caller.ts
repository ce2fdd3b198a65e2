import { TOKEN_VARIABLE } from './token.ts'

/** A server that does not answer in this time does not answer. */
const TIMEOUT_MS = 30_000

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Calls the HTTP surface of a running server. */
export class Caller {
  readonly #base: string
  readonly #token: string | undefined

  constructor(url: string, token: string | undefined) {
    if (!URL.canParse(url)) throw new RangeError(`--url must be a URL, not ${url}`)
    this.#base = url.replace(/\/+$/, '')
    this.#token = token
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Error(`${this.#base} does not answer`, { cause })
    })
    const text = await response.text()
    return { status: response.status, body: this.#parse(text) }
  }

  /** The body of an answer that is none of a failure. */
  async ok(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(method, path, body)
    if (answer.status >= 400) throw failureOf(answer)
    return answer.body
  }

  /** The same; `undefined` where there is no such thing. */
  async find(method: string, path: string): Promise<unknown> {
    const answer = await this.call(method, path)
    if (answer.status === 404 && codeOf(answer)?.endsWith('_UNKNOWN') === true) return undefined
    if (answer.status >= 400) throw failureOf(answer)
    return answer.body
  }

  query(fields: object): string {
    const given = Object.entries(fields).map(([name, value]): [string, string] => [
      name,
      String(value),
    ])
    return new URLSearchParams(given).toString()
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new Error(`${this.#base} is not the HTTP surface of a scheduler`, { cause })
    }
  }
}

/** The code of an answer that is a failure. */
export function codeOf({ body }: Answer): string | undefined {
  return (Object(body) as { readonly error?: { readonly code?: string } }).error?.code
}

export function failureOf({ status, body }: Answer): Error {
  if (status === 401) return new Error(`the server asks for a token: set ${TOKEN_VARIABLE}`)
  const { error } = Object(body) as { readonly error?: { readonly message?: string } }
  return new Error(error?.message ?? `the server answered ${status}`)
}
