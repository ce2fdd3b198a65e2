// A graph database of the Level ecosystem, quadstore, on Ashlar's store instead of LevelDB.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from '@ashlar/lsm-store/level' // was: from 'classic-level'
import { EntryStream } from 'level-read-stream'
import { Quadstore } from 'quadstore'
import { DataFactory } from 'rdf-data-factory'

const path = mkdtempSync(join(tmpdir(), 'ashlar-graph-'))
const rdf = new DataFactory()
const name = (local: string) => rdf.namedNode(`https://trees.example/${local}`)
const short = (term: { readonly value: string }) => term.value.replace('https://trees.example/', '')

const open = async () => {
  const backend = new ClassicLevel(path)
  // `never`: abstract-level's types do not fit each other with exactOptionalPropertyTypes.
  const graph = new Quadstore({ backend: backend as never, dataFactory: rdf })
  await graph.open()
  return { backend, graph }
}

const first = await open()
console.log('facts go in as one batch each, to three indexes or to none')
const facts = [
  ['oak', 'growsIn', 'valley'],
  ['oak', 'shelters', 'jay'],
  ['larch', 'growsIn', 'mountain'],
  ['larch', 'shelters', 'crossbill'],
  ['jay', 'eats', 'acorn'],
] as const
await first.graph.multiPut(facts.map(([s, p, o]) => rdf.quad(name(s), name(p), name(o))))
await first.graph.close()

console.log('opened again:')
const { backend, graph } = await open()
const shelter = await graph.get({ predicate: name('shelters') })
for (const { subject, object } of shelter.items) {
  console.log(`  ${short(subject)} shelters ${short(object)}`)
}

console.log('as a stream, what is known of the oak:')
const { iterator } = await graph.getStream({ subject: name('oak') })
for await (const { predicate, object } of iterator) {
  console.log(`  ${short(predicate)} ${short(object)}`)
}

await new Promise((resolve) => graph.removeMatches(name('larch')).on('end', resolve))
console.log('without the larch:', (await graph.get({})).items.length, 'facts')

console.log('a sublevel beside it, with JSON values, read by level-read-stream:')
type Sighting = { readonly at: string }
const sightings = backend.sublevel<string, Sighting>('sightings', { valueEncoding: 'json' })
await sightings.batch([
  { type: 'put', key: 'jay:1', value: { at: 'valley' } },
  { type: 'put', key: 'jay:2', value: { at: 'garden' } },
])
for await (const { key, value } of new EntryStream<string, Sighting>(sightings as never, {
  reverse: true,
})) {
  console.log(`  ${key} ${value.at}`)
}
await graph.close()
await ClassicLevel.destroy(path)
rmSync(path, { recursive: true, force: true })
