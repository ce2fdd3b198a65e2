/** A small shop: every kind of column and relation, with NULLs and awkward values in each. */
export const SHOP = `
  CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT UNIQUE,
    country CHAR(2),
    referred_by INTEGER REFERENCES customers (id)
  );
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customers (id),
    status VARCHAR(20) NOT NULL DEFAULT 'new',
    total DECIMAL(10, 2),
    weight REAL,
    paid BOOLEAN,
    big BIGINT,
    note TEXT,
    placed_on DATETIME,
    attrs JSON,
    photo BLOB,
    anything
  );
  CREATE INDEX orders_customer ON orders (customer_id);
  CREATE TABLE products (sku TEXT PRIMARY KEY NOT NULL, title TEXT);
  CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    sku TEXT NOT NULL REFERENCES products (sku),
    quantity INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (order_id, sku)
  ) WITHOUT ROWID;
  CREATE VIEW paid_orders AS SELECT id, total FROM orders WHERE paid = 1;

  INSERT INTO customers VALUES
    (1, 'Ada', 'ada@example.com', 'GB', NULL),
    (2, 'Boris', NULL, 'DE', 1),
    (3, 'Ünal 100%', 'unal_x@example.com', NULL, 1),
    (4, 'ünal 1000', 'UNALyX@example.com', 'TR', 2);
  INSERT INTO orders VALUES
    (1, 1, 'new', 10, 0.1, 1, 9007199254740993, 'It''s 50% off_now', '2024-01-31 07:08:09',
      '{"a":{"b":[1,{"c":"x"}]},"flag":true}', x'00ff', 5),
    (2, 1, 'paid', 20.5, 1.5, 0, -9007199254740993, 'abc', '2024-02-29 23:59:59', '[1,2]', x'', 'five'),
    (3, 2, 'paid', 0.1, -2.25, NULL, 0, '', '2025-12-31 00:00:00', NULL, NULL, NULL),
    (4, NULL, 'done', NULL, NULL, 1, NULL, NULL, NULL, '"text"', NULL, 2.5),
    (5, 3, 'new', -3.75, 1e300, 0, 5, 'ABC', '2024-01-01 00:00:00', 'not json', x'6869', x'0001'),
    (6, 3, 'sent', 99999999.99, 0.30000000000000004, 1, 7, 'a\\b', '2023-06-15 12:30:45', '5', NULL, '');
  INSERT INTO products VALUES ('p1', 'Pen'), ('p,2', 'Paper, white'), ('p/3 %', NULL);
  INSERT INTO order_items VALUES (1, 'p1', 2), (1, 'p,2', 1), (2, 'p1', 5), (3, 'p/3 %', 1);
`
