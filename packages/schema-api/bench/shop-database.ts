import { DatabaseSync } from 'node:sqlite'

export const ORDERS = 100_000
export const CUSTOMERS = 2_000
export const STATUSES = ['new', 'paid', 'sent', 'done']

/** A moment of the order with that number; orders are placed one after the other. */
export const placedOn = (order: number): string =>
  new Date(1.6e12 + order * 600_000).toISOString().slice(0, 19)

/** 100 000 orders of 2 000 customers, indexed as one would, in WAL mode. */
export function createShop(path: string): void {
  const database = new DatabaseSync(path)
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE customers (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, country TEXT NOT NULL
    );
    CREATE TABLE orders (
      id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id),
      status TEXT NOT NULL, total REAL NOT NULL, note TEXT, placed_on TEXT NOT NULL
    );
    CREATE INDEX orders_customer ON orders (customer_id);
    CREATE INDEX orders_status ON orders (status, placed_on);
    BEGIN;
  `)
  const customer = database.prepare('INSERT INTO customers VALUES (?, ?, ?, ?)')
  const countries = ['DE', 'US', 'JP', 'BR', 'KE']
  for (let id = 1; id <= CUSTOMERS; id += 1) {
    customer.run(id, `Customer ${id}`, `customer${id}@example.com`, countries[id % 5] ?? '')
  }
  const order = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)')
  for (let id = 1; id <= ORDERS; id += 1) {
    const status = STATUSES[id % 4] ?? ''
    order.run(id, 1 + (id % CUSTOMERS), status, id / 8, `note of order "${id}"`, placedOn(id))
  }
  database.exec('COMMIT; ANALYZE;')
  database.close()
}

/** The handle that both sides of the benchmark use: a commit is not synced before the checkpoint. */
export function openShop(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA synchronous = NORMAL')
  return database
}
