// The page at `/`, clicked through in a real browser.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ApiOptions } from '@ashlar/schema-api'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Fixture, fixture } from './support/fixture.ts'
import { SHOP } from './support/shop.ts'

const MORE = `
  WITH RECURSIVE numbers (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM numbers WHERE i < 69)
  INSERT INTO orders (id, customer_id, status, total, note)
    SELECT i, 1 + i % 4, 'bulk', i, 'order number ' || i FROM numbers;
  CREATE TABLE choices (
    id INTEGER PRIMARY KEY, level TEXT CHECK (level IN ('low', 'high')), name TEXT NOT NULL
  );
`

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
})
afterAll(() => browser?.close())

function chromiumPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const found = folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  if (found === undefined) throw new Error('install Chromium first: apt-get install chromium')
  return found
}

interface Opened extends Fixture {
  readonly page: Page
  readonly url: string
}

async function open(
  hash = '',
  options: Partial<ApiOptions> = {},
  context: BrowserContextOptions = {},
): Promise<Opened> {
  const served = await fixture(SHOP + MORE, options)
  const { url } = await served.api.listen()
  const tab = await browser.newContext(context)
  const page = await tab.newPage()
  const broken: unknown[] = []
  page.on('pageerror', (error) => broken.push(error))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) broken.push(message.text())
  })
  onTestFinished(async () => {
    await tab.close()
    expect(broken).toEqual([])
  })
  await page.goto(`${url}/${hash}`)
  return { ...served, page, url }
}

const cells = (page: Page, column: number): Promise<string[]> =>
  page.locator(`tbody tr td:nth-child(${column + 2})`).allTextContents()

async function violations(page: Page): Promise<unknown> {
  // run as a string, since the page's policy lets no script in
  await page.evaluate(axe.source)
  const results = await page.evaluate('axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] })')
  const { violations: found } = results as axe.AxeResults
  return found.map(({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0]?.html}`)
}

describe('the table', () => {
  test('lists collections with their counts and rows page by page', async () => {
    const { page } = await open()
    await page.getByRole('link', { name: /^orders/ }).click()
    await page.getByRole('heading', { name: 'orders' }).waitFor()
    await page.locator('#side a[data-name=orders] .rows', { hasText: '66' }).waitFor()
    expect(await page.locator('tbody tr').count()).toBe(25)
    await page.getByRole('link', { name: 'Next' }).click()
    await page.getByText('26–50 of 66').waitFor()
    await page.getByRole('link', { name: 'Last' }).click()
    await page.getByText('51–66 of 66').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(16)
    await page.goBack()
    await page.getByText('26–50 of 66').waitFor()
  })

  test('sorts by a column, down and up', async () => {
    const { page } = await open('#/customers')
    const header = page.getByRole('columnheader', { name: /^name/ })
    await header.getByRole('link').click()
    await page.locator('th[aria-sort=ascending]').waitFor()
    expect(await cells(page, 1)).toEqual(['Ada', 'Boris', 'Ünal 100%', 'ünal 1000'])
    await header.getByRole('link').click()
    await page.locator('th[aria-sort=descending]').waitFor()
    expect(await cells(page, 1)).toEqual(['ünal 1000', 'Ünal 100%', 'Boris', 'Ada'])
  })

  test('searches, and says so when nothing matches', async () => {
    const { page } = await open('#/orders')
    const search = page.getByLabel('Search')
    await search.fill('number 42')
    await search.press('Enter')
    await page.getByText('1–1 of 1').waitFor()
    expect(await cells(page, 0)).toEqual(['42'])
    await page.getByLabel('Search').fill('nothing like it')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('No row matches.').waitFor()
    await page.getByRole('link', { name: 'Show all rows' }).click()
    await page.getByText('1–25 of 66').waitFor()
  })

  test('names related rows and leads to them', async () => {
    const { page } = await open('#/orders')
    await page.getByRole('link', { name: 'customer_id Ada, open in customers' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'customers 1' })
    await dialog.waitFor()
    await dialog.getByRole('link', { name: 'orders' }).click()
    await page.getByText('Only customer_id = 1').waitFor()
    expect(new Set(await cells(page, 1))).toEqual(new Set(['Ada ↗1']))
  })

  test('shows an empty table, a read-only view and an unknown name as what they are', async () => {
    const { page, url } = await open('#/choices')
    await page.getByText('There are no rows yet.').waitFor()
    await page.goto(`${url}/#/paid_orders`)
    await page.getByText('view, read-only').waitFor()
    expect(await page.getByRole('button', { name: 'New row' }).count()).toBe(0)
    await page.goto(`${url}/#/nope`)
    await page.getByText('There is no collection "nope".').waitFor()
  })
})

describe('a row', () => {
  test('is opened, edited and saved', async () => {
    const { page, database } = await open('#/orders')
    await page.getByRole('link', { name: 'Edit row 2' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'orders 2' })
    await dialog.getByLabel('note').fill('written by hand')
    await dialog.getByLabel('total').fill('77.25')
    await dialog.getByLabel('paid').selectOption('true')
    await dialog.locator('.field', { hasText: 'weight' }).getByLabel('null').check()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The row was saved.').waitFor()
    await page.getByRole('cell', { name: 'written by hand' }).waitFor()
    const stored = database.prepare('SELECT note, total, paid, weight FROM orders WHERE id = 2')
    expect({ ...stored.get() }).toEqual({
      note: 'written by hand',
      total: 77.25,
      paid: 1,
      weight: null,
    })
  }, 60_000)

  test('is shown as JSON', async () => {
    const { page } = await open('#/orders/1')
    const dialog = page.getByRole('dialog', { name: 'orders 1' })
    await dialog.locator('summary').click()
    expect(JSON.parse((await dialog.locator('pre').textContent()) ?? '')).toMatchObject({
      id: 1,
      big: '9007199254740993',
    })
  })

  test('keeps what the API refuses, and says why at the field', async () => {
    const { page } = await open('#/customers/2')
    const dialog = page.getByRole('dialog', { name: 'customers 2' })
    await dialog.getByLabel('email').fill('ada@example.com')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByRole('alert').getByText('A row with this value exists.').waitFor()
    expect(await dialog.getByLabel('email').getAttribute('aria-invalid')).toBe('true')
    expect(await dialog.getByLabel('email').inputValue()).toBe('ada@example.com')
  })

  test('asks before it throws changes away', async () => {
    const { page } = await open('#/customers/1')
    const dialog = page.getByRole('dialog', { name: 'customers 1' })
    await dialog.getByLabel('name').fill('Someone else')
    await page.keyboard.press('Escape')
    await dialog.getByText('Your changes are not saved.').waitFor()
    await dialog.getByRole('button', { name: 'Keep editing' }).click()
    expect(await dialog.getByLabel('name').inputValue()).toBe('Someone else')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(await cells(page, 1)).toContain('Ada')
  })

  test('is created with what was given alone, then deleted', async () => {
    const { page, database } = await open('#/choices')
    await page.getByRole('button', { name: 'New row' }).click()
    const dialog = page.getByRole('dialog', { name: 'New row in choices' })
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('This needs a value.').waitFor()
    await dialog.getByLabel('name').fill('first')
    await dialog.getByLabel('level').selectOption('high')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The row was created.').waitFor()
    expect({ ...database.prepare('SELECT * FROM choices').get() }).toEqual({
      id: 1,
      level: 'high',
      name: 'first',
    })
    await page.getByRole('link', { name: 'Edit row 1' }).click()
    const opened = page.getByRole('dialog', { name: 'choices 1' })
    await opened.getByRole('button', { name: 'Delete' }).click()
    await opened.locator('.confirm').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('There are no rows yet.').waitFor()
    expect(database.prepare('SELECT count(*) AS n FROM choices').get()).toMatchObject({ n: 0 })
  })

  test('opens from the keyboard and gives the focus back', async () => {
    const { page } = await open('#/customers')
    const edit = page.getByRole('link', { name: 'Edit row 3' })
    await edit.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'customers 3' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    const focused = "document.activeElement.getAttribute('aria-label')"
    expect(await page.evaluate(focused)).toBe('Edit row 3')
  })
})

describe('access', () => {
  test('asks for the token where there is one, and for another when it is wrong', async () => {
    const { page } = await open('', { auth: { token: 'the-right-token' } })
    await page.getByLabel('Access token').fill('the-wrong-token')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('alert').getByText('Invalid user credentials.').waitFor()
    await page.getByLabel('Access token').fill('the-right-token')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'choices' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'choices' }).waitFor()
  })

  test('says when the server is gone and tries again', async () => {
    const { page } = await open('#/customers')
    await page.getByRole('heading', { name: 'customers' }).waitFor()
    await page.route('**/items/**', (route) => route.abort())
    await page.getByRole('link', { name: /^products/ }).click()
    await page.getByRole('alert').getByText('The server does not answer.').waitFor()
    await page.unroute('**/items/**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'products' }).waitFor()
  })

  test.each(['light', 'dark'] as const)('meets WCAG AA in %s', async (colorScheme) => {
    const { page, url } = await open('#/orders?sort=-id', {}, { colorScheme })
    await page.getByRole('link', { name: 'Edit row 69' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.goto(`${url}/#/orders/1`)
    await page.getByRole('dialog').waitFor()
    expect(await violations(page)).toEqual([])
  })

  test('works on the width of a phone', async () => {
    const { page } = await open('#/orders', {}, { viewport: { width: 360, height: 740 } })
    const menu = page.getByRole('button', { name: 'Collections' })
    await page.getByRole('heading', { name: 'orders' }).waitFor()
    expect(await page.locator('#side').isVisible()).toBe(false)
    await menu.click()
    await page.getByRole('link', { name: /^customers/ }).click()
    await page.getByRole('heading', { name: 'customers' }).waitFor()
    expect(await page.locator('#side').isVisible()).toBe(false)
    const overflow = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    expect(await page.evaluate(overflow)).toBe(false)
    await page.getByRole('link', { name: 'Edit row 1' }).click()
    await page.getByRole('dialog').waitFor()
    expect(await page.evaluate(overflow)).toBe(false)
  })
})
