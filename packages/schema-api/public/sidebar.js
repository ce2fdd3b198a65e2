import { byId, count, el } from './dom.js'
import { call, itemPath } from './rest.js'
import { formatRoute } from './schema.js'

const AT_ONCE = 4

/** Lists the collections; their row counts come in as they are known. */
export function showSidebar(schema) {
  const counts = new Map()
  const list = el('ul')
  for (const { name, kind } of schema.values()) {
    const rows = el('span', { class: 'rows' }, '')
    counts.set(name, rows)
    const mark = kind === 'table' ? false : el('span', { class: 'kind' }, kind)
    const label = el('span', { class: 'name' }, name)
    const href = formatRoute({ collection: name })
    list.append(el('li', {}, el('a', { href, 'data-name': name }, label, mark, rows)))
  }
  const side = byId('side')
  side.replaceChildren(el('h2', {}, 'Collections'), list)
  return {
    refresh: (names = [...counts.keys()]) => countRows(names, counts),
    select(name) {
      for (const link of side.querySelectorAll('a')) {
        if (link.dataset.name === name) link.setAttribute('aria-current', 'page')
        else link.removeAttribute('aria-current')
      }
    },
  }
}

async function countRows(names, counts) {
  const waiting = [...names]
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const rows = counts.get(name)
      try {
        const { meta } = await call('GET', `${itemPath(name)}?limit=0&meta=total_count`)
        rows.textContent = count(meta.total_count)
        rows.title = `${count(meta.total_count)} rows`
      } catch {
        rows.textContent = '?'
        rows.title = 'The rows could not be counted'
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
