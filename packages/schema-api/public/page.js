import { byId, el } from './dom.js'
import { openRecord } from './record.js'
import { call, dropToken, hasToken, setToken } from './rest.js'
import { formatRoute, loadSchema, parseRoute } from './schema.js'
import { showSidebar } from './sidebar.js'
import { notice, tableView } from './table.js'

const main = byId('main')
let schema
let sidebar
/** The newest drawing; an older one that is still under way must not overwrite it. */
let drawing = 0
/** The list that is on the page: opening a row leaves it as it is. */
let shown

async function start() {
  byId('record').close()
  main.setAttribute('aria-busy', 'true')
  try {
    const { needsToken } = await call('GET', 'admin/config.json')
    // a link cannot carry the token
    if (needsToken) document.querySelector('.links')?.remove()
    if (needsToken && !hasToken()) return askForToken()
    schema = await loadSchema()
  } catch (error) {
    if (error.status === 401) return askForToken(error.message)
    return fail(error, start)
  } finally {
    main.removeAttribute('aria-busy')
  }
  sidebar = showSidebar(schema)
  await Promise.all([sidebar.refresh(), draw()])
}

/** Shows what the address says. */
async function draw() {
  if (schema === undefined) return
  drawing += 1
  const mine = drawing
  const route = parseRoute(location.hash)
  const collection = schema.get(route.collection)
  sidebar.select(route.collection)
  byId('record').close()
  closeMenu()
  if (route.collection === undefined) return welcome()
  if (collection === undefined) return show(notice(`There is no collection "${route.collection}".`))
  document.title = `${collection.name} · Ashlar`
  const list = formatRoute({ ...route, row: undefined })
  if (list === shown) return route.row === undefined ? undefined : record(route, route.row)
  main.setAttribute('aria-busy', 'true')
  try {
    const view = await tableView(schema, route, { onCreate: () => record(route, undefined) })
    if (mine !== drawing) return
    const focused = document.activeElement?.id
    show(...view)
    shown = list
    if (focused === 'search') focusSearch()
    if (route.row !== undefined) await record(route, route.row)
  } catch (error) {
    if (mine === drawing) fail(error, draw)
  } finally {
    if (mine === drawing) main.removeAttribute('aria-busy')
  }
}

async function record(route, key) {
  const list = formatRoute({ ...route, row: undefined })
  const back = () => {
    if (location.hash !== list) history.pushState(null, '', list)
  }
  try {
    await openRecord(schema, route.collection, key, {
      onClose: back,
      async onChange() {
        back()
        shown = undefined
        await Promise.all([sidebar.refresh([route.collection]), draw()])
      },
    })
  } catch (error) {
    const gone = error.code === 'FORBIDDEN' ? `There is no row ${key}.` : error.message
    main.prepend(el('p', { class: 'error', role: 'alert' }, gone))
  }
}

function show(...children) {
  shown = undefined
  main.replaceChildren(...children.flat().filter(Boolean))
}

function focusSearch() {
  const search = byId('search')
  search?.focus()
  search?.setSelectionRange(search.value.length, search.value.length)
}

function welcome() {
  const [first] = schema.keys()
  if (first === undefined) return show(notice('This database has no tables.'))
  location.replace(formatRoute({ collection: first }))
}

function fail(error, again) {
  show(
    el(
      'div',
      { class: 'error', role: 'alert' },
      el('p', {}, error.message),
      el('button', { type: 'button', onclick: again }, 'Try again'),
    ),
  )
}

function askForToken(message) {
  dropToken()
  const input = el('input', { type: 'password', id: 'token', autocomplete: 'off', required: true })
  const onsubmit = (event) => {
    event.preventDefault()
    setToken(input.value)
    void start()
  }
  show(
    el(
      'form',
      { class: 'token', onsubmit },
      el('h1', {}, 'Sign in'),
      message && el('p', { class: 'error', role: 'alert' }, message),
      el('label', { for: 'token' }, 'Access token'),
      input,
      el('button', { type: 'submit', class: 'primary' }, 'Continue'),
    ),
  )
  input.focus()
}

const menu = document.querySelector('.menu')

function closeMenu() {
  document.body.classList.remove('menu-open')
  menu.setAttribute('aria-expanded', 'false')
}

menu.addEventListener('click', () => {
  const isOpen = document.body.classList.toggle('menu-open')
  menu.setAttribute('aria-expanded', String(isOpen))
  if (isOpen) byId('side').querySelector('[aria-current], a')?.focus()
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.body.classList.contains('menu-open')) {
    closeMenu()
    menu.focus()
  }
})
addEventListener('hashchange', () => void draw())

void start()
