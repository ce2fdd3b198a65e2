// Four years of weather in an SQLite file, served as it is: read with the Directus client, watched
// for changes in process. With --serve it stays up, page and all.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { type Api, createApi } from '@ashlar/schema-api'
import {
  aggregate,
  createDirectus,
  createItem,
  isDirectusError,
  readItems,
  rest,
} from '@directus/sdk'
import { parse } from 'csv-parse/sync'

interface Station {
  id: number
  city: string
  thresholds: Threshold[]
}
interface Threshold {
  station_id: number | Station
  measure: string
  above: number
}
interface Weather {
  station_id: number | Station
  day: string
  temp_max: number
  wind: number
  kind: string
}
interface Alert {
  id: number
  station_id: number | Station
  text: string
}
interface Schema {
  stations: Station[]
  thresholds: Threshold[]
  weather: Weather[]
  alerts: Alert[]
}

const folder = await mkdtemp(join(tmpdir(), 'ashlar-example-'))
const path = join(folder, 'weather.db')
await createDatabase(path)

const api = await createApi({ database: `sqlite:${path}` })
raiseAlerts(api)
const serves = process.argv.includes('--serve')
const { url } = await api.listen({ port: serves ? 8055 : 0 })
const client = createDirectus<Schema>(url).with(rest())

await readWithTheClient()
await writeAndBeAlerted()
await refuseNonsense()

if (serves) {
  console.log(`Look at it: ${url}/ (Ctrl-C ends it)`)
  await new Promise((resolve) => process.once('SIGINT', resolve))
}
await api.close()
await rm(folder, { recursive: true })

/** A database as one finds them: a composite key, a foreign key, a view, no thought of an API. */
async function createDatabase(file: string): Promise<void> {
  const database = new DatabaseSync(file)
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE stations (id INTEGER PRIMARY KEY, city TEXT NOT NULL UNIQUE);
    CREATE TABLE weather (
      station_id INTEGER NOT NULL REFERENCES stations (id),
      day DATE NOT NULL,
      temp_max REAL, wind REAL, kind TEXT CHECK (kind IN ('sun', 'rain', 'snow', 'fog', 'drizzle')),
      PRIMARY KEY (station_id, day)
    ) WITHOUT ROWID;
    CREATE TABLE thresholds (
      station_id INTEGER REFERENCES stations (id), measure TEXT, above REAL NOT NULL,
      PRIMARY KEY (station_id, measure)
    );
    CREATE TABLE alerts (
      id INTEGER PRIMARY KEY, station_id INTEGER REFERENCES stations (id), text TEXT NOT NULL
    );
    CREATE VIEW hot_days AS SELECT station_id, day, temp_max FROM weather WHERE temp_max > 35;
    INSERT INTO stations (city) VALUES ('Seattle'), ('New York');
    INSERT INTO thresholds VALUES (1, 'temp_max', 30), (1, 'wind', 15), (2, 'temp_max', 35);
  `)
  const csv = new URL('../data/weather.csv', import.meta.resolve('vega-datasets'))
  const rows: Record<string, string>[] = parse(await readFile(fileURLToPath(csv)), {
    columns: true,
  })
  const insert = database.prepare(`INSERT INTO weather
    SELECT id, ?, ?, ?, ? FROM stations WHERE city = ?`)
  database.exec('BEGIN')
  for (const row of rows) {
    const { date = '', temp_max = '', wind = '', weather = '', location = '' } = row
    insert.run(date, Number(temp_max), Number(wind), weather, location)
  }
  database.exec('COMMIT')
  database.close()
}

/** In process: each new observation is held against its station's thresholds. */
function raiseAlerts(to: Api): void {
  to.onChange(async ({ collection, event, data }) => {
    if (collection !== 'weather' || event !== 'create') return
    for (const observation of data) {
      const station_id = { _eq: observation['station_id'] }
      const thresholds = to.items('thresholds')
      for (const { measure, above } of await thresholds.readByQuery({ filter: { station_id } })) {
        const value = Number(observation[String(measure)])
        if (value <= Number(above)) continue
        const text = `${String(measure)} ${value} is above ${String(above)}`
        await to.items('alerts').createOne({ station_id: observation['station_id'], text })
      }
    }
  })
}

async function readWithTheClient(): Promise<void> {
  const rain = await client.request(
    aggregate('weather', {
      aggregate: { count: '*', max: ['temp_max'] },
      groupBy: ['station_id'],
      query: { filter: { kind: { _eq: 'rain' } } },
    }),
  )
  for (const { station_id, count, max } of rain) {
    console.log(
      `station ${Number(station_id)}: ${count} days of rain, the hottest at ${max.temp_max} °C`,
    )
  }
  const hottest = await client.request(
    readItems('weather', {
      fields: ['day', 'temp_max', { station_id: ['city', { thresholds: ['measure', 'above'] }] }],
      sort: ['-temp_max'],
      limit: 1,
    }),
  )
  console.log(`hottest: ${JSON.stringify(hottest[0])}`)
  const view = await fetch(`${url}/items/hot_days?aggregate[count]=*`)
  console.log(`the view hot_days: ${await view.text()}`)
}

async function writeAndBeAlerted(): Promise<void> {
  const alerted = new Promise<string>((resolve) => {
    const stop = api.onChange(({ collection, data }) => {
      if (collection !== 'alerts') return
      stop()
      resolve(String(data[0]?.['text']))
    })
  })
  const observation = { station_id: 1, day: '2026-07-01', temp_max: 36.5, wind: 3, kind: 'sun' }
  await client.request(createItem('weather', observation))
  console.log(`alert: ${await alerted}`)
  const one = await fetch(`${url}/items/weather/${encodeURIComponent('1,2026-07-01')}?fields=wind`)
  console.log(`by its composite key: ${await one.text()}`)
}

async function refuseNonsense(): Promise<void> {
  const nonsense = { station_id: 1, day: '2026-07-02', kind: 'frogs' }
  try {
    await client.request(createItem('weather', nonsense))
  } catch (error) {
    if (!isDirectusError(error)) throw error
    console.log(`refused: ${error.errors[0]?.extensions.code}, ${error.errors[0]?.message}`)
  }
  const { statements } = api.metrics()
  console.log(`${statements} SQL statements in all`)
}
