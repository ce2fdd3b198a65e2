/**
 * Makes an element. Properties that begin with `on` are listeners, the rest are attributes;
 * `undefined` and `false` leave an attribute out. Children are elements or text, never HTML.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false))
  return element
}

export const byId = (id) => document.getElementById(id)

/** Says something to everybody, also to who cannot see it appear. */
export function announce(text) {
  const status = byId('status')
  status.textContent = text
  clearTimeout(announce.timer)
  announce.timer = setTimeout(() => {
    status.textContent = ''
  }, 4000)
}

export const count = (number) => number.toLocaleString('en').replaceAll(',', '\u2009')
