import { el } from './dom.js'

const INTEGERS = new Set(['integer', 'bigInteger'])
const NUMBERS = new Set(['integer', 'bigInteger', 'float', 'decimal'])
let ids = 0

/**
 * The input of one field. An empty field and NULL are not the same: nullable fields have a box for
 * NULL, which typing into the field unticks. A new row sends only what was touched, so that the
 * database's defaults apply to the rest.
 */
export function control({ field, type, schema, meta }, value, { isNew, isLocked }) {
  ids += 1
  const id = `field-${ids}`
  const isReadOnly = isLocked || meta.readonly === true
  const input = inputFor(type, meta, { id, disabled: isReadOnly })
  const hint = el('p', { class: 'hint', id: `${id}-hint` })
  input.setAttribute('aria-describedby', hint.id)
  const start = isNew || value === null ? '' : textOf(type, value)
  input.value = start
  const wasNull = !isNew && value === null
  const nullBox = el('input', { type: 'checkbox', disabled: isReadOnly })
  nullBox.checked = wasNull
  let isTouched = false
  input.addEventListener('input', () => {
    isTouched = true
    nullBox.checked = false
  })
  nullBox.addEventListener('change', () => {
    isTouched = true
    if (nullBox.checked) input.value = ''
  })
  const about = describe(schema, meta, type, isNew)
  const label = el('label', { for: id }, field, el('small', {}, about))
  const boxLabel = el('label', { class: 'null-box' }, nullBox, 'null')
  const isNullable = schema.is_nullable && !isReadOnly
  return {
    name: field,
    elements: [label, el('div', { class: 'input' }, input, isNullable && boxLabel), hint],
    /** A new row lacks a value that neither the user nor the database gives. */
    isMissing: () => isNew && meta.required && !isReadOnly && !isTouched,
    isChanged() {
      if (isReadOnly || !isTouched) return false
      return isNew || nullBox.checked !== wasNull || (!nullBox.checked && input.value !== start)
    },
    read: () => (nullBox.checked ? null : parse(type, meta, input.value)),
    say(text) {
      hint.textContent = text
      input.setAttribute('aria-invalid', String(text !== ''))
    },
    focus: () => input.focus(),
  }
}

function inputFor(type, meta, attributes) {
  if (meta.options?.choices) {
    const options = meta.options.choices.map(({ text, value }) =>
      el('option', { value: String(value) }, text),
    )
    return el('select', attributes, el('option', { value: '' }, ''), options)
  }
  if (type === 'boolean') {
    const options = ['', 'true', 'false'].map((value) => el('option', { value }, value))
    return el('select', attributes, options)
  }
  if (type === 'text' || type === 'json') {
    return el('textarea', { ...attributes, rows: type === 'json' ? 4 : 1, spellcheck: 'false' })
  }
  const inputmode = INTEGERS.has(type) ? 'numeric' : NUMBERS.has(type) ? 'decimal' : undefined
  return el('input', { ...attributes, type: 'text', inputmode, autocomplete: 'off' })
}

function describe(schema, meta, type, isNew) {
  const parts = [schema.data_type || type]
  if (schema.is_primary_key) parts.push('key')
  if (schema.is_generated) parts.push(`generated: ${schema.generation_expression}`)
  else if (meta.readonly) parts.push('read-only')
  if (isNew && schema.default_value !== null) parts.push(`default ${schema.default_value}`)
  if (isNew && schema.has_auto_increment) parts.push('given by the database')
  else if (meta.required) parts.push('required')
  return parts.join(' · ')
}

function textOf(type, value) {
  if (type === 'json') return JSON.stringify(value, null, 2)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function parse(type, meta, text) {
  if (type === 'boolean') {
    if (text === '') throw new Error('Choose true or false.')
    return text === 'true'
  }
  if (type === 'json') {
    try {
      return JSON.parse(text)
    } catch {
      throw new Error('This is not valid JSON.')
    }
  }
  if (meta.options?.choices && text === '') throw new Error('Choose a value.')
  if (NUMBERS.has(type) && text.trim() === '') throw new Error('Give a number.')
  // numbers stay text, so that no digit is lost on the way
  return NUMBERS.has(type) ? text.trim() : text
}
