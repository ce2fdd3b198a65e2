const TOKEN = 'ashlar-token'

/** What the API refused, in its own words. */
export class Refusal extends Error {
  constructor(status, { message, extensions = {} }) {
    super(message)
    this.status = status
    this.code = extensions.code
    this.field = extensions.field
  }
}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null

/** The token stays in this tab, and goes when the tab does. */
export const setToken = (token) => sessionStorage.setItem(TOKEN, token)
export const dropToken = () => sessionStorage.removeItem(TOKEN)

/** Calls the API beside which this page lies; gives the parsed body. */
export async function call(method, path, body) {
  const headers = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (hasToken()) headers.authorization = `Bearer ${sessionStorage.getItem(TOKEN)}`
  let response
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
  } catch {
    throw new Refusal(0, { message: 'The server does not answer.' })
  }
  if (response.status === 204) return null
  const answer = await response.json().catch(() => ({}))
  const [error] = answer.errors ?? []
  if (error) throw new Refusal(response.status, error)
  if (!response.ok) throw new Refusal(response.status, { message: response.statusText })
  return answer
}

/** The path of a collection, or of one of its rows. */
export function itemPath(collection, key) {
  const path = `items/${encodeURIComponent(collection)}`
  return key === undefined ? path : `${path}/${encodeURIComponent(key)}`
}
