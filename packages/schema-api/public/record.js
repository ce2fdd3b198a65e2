import { control } from './control.js'
import { announce, byId, el } from './dom.js'
import { call, itemPath } from './rest.js'
import { keyOf, linkOf } from './schema.js'
import { arrow, manyHref } from './table.js'

/** The dialog for one row: its fields, its JSON, and where its relations lead. */
export async function openRecord(schema, name, key, { onClose, onChange }) {
  const collection = schema.get(name)
  const isNew = key === undefined
  const row = isNew ? {} : (await call('GET', itemPath(name, key))).data
  const dialog = byId('record')
  const title = isNew ? `New row in ${name}` : `${name} ${key}`
  const controls = collection.columns.map((column) =>
    control(column, row[column.field], { isNew, isLocked: collection.readOnly }),
  )
  const isDirty = () => controls.some((one) => one.isChanged())
  const failure = el('p', { class: 'error', role: 'alert', hidden: true })

  const leave = () => {
    dialog.close()
    onClose()
  }
  const askToLeave = () =>
    isDirty()
      ? confirmation.show('Your changes are not saved.', 'Discard', leave, 'Keep editing')
      : leave()
  const confirmation = confirmBar()

  const save = async (event) => {
    event.preventDefault()
    const changes = collect(controls, failure)
    if (changes === undefined) return
    try {
      const { data } = isNew
        ? await call('POST', itemPath(name), changes)
        : await call('PATCH', itemPath(name, key), changes)
      announce(isNew ? 'The row was created.' : 'The row was saved.')
      dialog.close()
      onChange(keyOf(collection, data))
    } catch (error) {
      showFailure(failure, controls, error)
    }
  }
  const remove = async () => {
    try {
      await call('DELETE', itemPath(name, key))
      announce('The row was deleted.')
      dialog.close()
      onChange(undefined)
    } catch (error) {
      showFailure(failure, controls, error)
    }
  }

  const json = el(
    'pre',
    { tabindex: '0', 'aria-label': 'The row as JSON' },
    JSON.stringify(row, null, 2),
  )
  const fields = controls.map((one) => fieldRow(schema, collection, one, row))
  const canWrite = !collection.readOnly
  dialog.replaceChildren(
    el(
      'form',
      { method: 'dialog', novalidate: true, onsubmit: save },
      el(
        'header',
        {},
        el('h2', { id: 'record-title', tabindex: '-1', autofocus: !isNew }, title),
        el(
          'button',
          { type: 'button', class: 'close', 'aria-label': 'Close', onclick: askToLeave },
          '×',
        ),
      ),
      el(
        'div',
        { class: 'body' },
        failure,
        fields,
        !isNew && related(collection, row),
        !isNew && el('details', {}, el('summary', {}, 'JSON'), json),
      ),
      confirmation.element,
      el(
        'footer',
        {},
        canWrite && el('button', { type: 'submit', class: 'primary' }, isNew ? 'Create' : 'Save'),
        el('button', { type: 'button', onclick: askToLeave }, canWrite ? 'Cancel' : 'Close'),
        canWrite &&
          !isNew &&
          el(
            'button',
            {
              type: 'button',
              class: 'danger',
              onclick: () =>
                confirmation.show('Delete this row for good?', 'Delete', remove, 'Keep it'),
            },
            'Delete',
          ),
      ),
    ),
  )
  dialog.oncancel = (event) => {
    event.preventDefault()
    askToLeave()
  }
  dialog.onclick = (event) => {
    if (event.target === dialog) askToLeave()
  }
  dialog.showModal()
  const first = dialog.querySelector('.body input:not([disabled]), .body textarea:not([disabled])')
  if (isNew) first?.focus()
}

function fieldRow(schema, collection, one, row) {
  const relation = collection.toOne.get(one.name)
  const href = relation && linkOf(schema, relation, row)
  const link = href && el('a', { href, class: 'follow' }, `Open in ${relation.target}`, arrow())
  return el('div', { class: 'field' }, one.elements, link)
}

function related(collection, row) {
  if (collection.toMany.length === 0) return false
  const links = collection.toMany.map((relation) =>
    el(
      'li',
      {},
      el('a', { href: manyHref(relation, row), class: 'follow' }, relation.name, arrow()),
    ),
  )
  return el(
    'section',
    { class: 'related' },
    el('h3', {}, 'Rows that point here'),
    el('ul', {}, links),
  )
}

/** What was changed, or undefined after saying what is wrong with it. */
function collect(controls, failure) {
  const changes = {}
  for (const one of controls) one.say('')
  for (const one of controls) {
    if (one.isMissing()) {
      one.say('This needs a value.')
      one.focus()
      return undefined
    }
    if (!one.isChanged()) continue
    try {
      changes[one.name] = one.read()
    } catch (error) {
      failure.hidden = true
      one.say(error.message)
      one.focus()
      return undefined
    }
  }
  return changes
}

function showFailure(failure, controls, error) {
  const culprit = controls.find((one) => one.name === error.field)
  failure.hidden = false
  failure.textContent = error.message
  if (culprit) {
    culprit.say(error.message)
    culprit.focus()
  } else failure.scrollIntoView({ block: 'nearest' })
}

/** A question in the dialog itself, where the keyboard already is. */
function confirmBar() {
  const element = el('div', { class: 'confirm', role: 'alertdialog', hidden: true })
  const hide = () => {
    element.hidden = true
  }
  return {
    element,
    show(question, verb, onYes, otherwise) {
      const yes = () => {
        hide()
        onYes()
      }
      element.setAttribute('aria-label', question)
      element.replaceChildren(
        el('span', {}, question),
        el('button', { type: 'button', class: 'danger', onclick: yes }, verb),
        el('button', { type: 'button', onclick: hide }, otherwise),
      )
      element.hidden = false
      element.querySelector('button:last-child').focus()
    },
  }
}
