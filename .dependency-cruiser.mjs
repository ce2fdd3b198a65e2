// The layers of docs/ARCHITECTURE.md as rules: imports go down only.
const packages = (...names) => `^packages/(${names.join('|')})/`
const services = ['scheduler-core', 'pubsub-replicator', 'resp-server', 'schema-api']

/** @param {string} from @param {readonly string[]} allowed siblings that `from` may import */
const only = (from, allowed) => ({
  name: `${from}-imports-${allowed.join('-') || 'no-sibling'}`,
  severity: 'error',
  from: { path: `${packages(from)}src/` },
  to: { path: '^packages/', pathNot: packages(from, ...allowed) },
})

export default {
  forbidden: [
    only('codec', []),
    only('lsm-store', ['codec']),
    only('transport', ['codec', 'lsm-store']),
    only('service-kit', []),
    ...services.map((service) => only(service, ['codec', 'lsm-store', 'transport', 'service-kit'])),
    {
      name: 'simulation-is-above-all',
      comment: 'it runs the services; nothing that is published or shown may need it',
      severity: 'error',
      from: { path: '^(packages|examples)/', pathNot: packages('simulation') },
      to: { path: packages('simulation') },
    },
    {
      name: 'transport-store-only-in-embedded',
      comment: 'lsm-store is known to the embedded driver alone',
      severity: 'error',
      from: { path: '^packages/transport/src/', pathNot: '^packages/transport/src/embedded/' },
      to: { path: '^packages/lsm-store/' },
    },
    {
      name: 'abstract-level-only-in-level',
      comment: 'the store itself has no dependency from elsewhere; its Level adapter has one',
      severity: 'error',
      from: { path: '^packages/lsm-store/src/', pathNot: '^packages/lsm-store/src/level/' },
      to: { path: 'node_modules/abstract-level' },
    },
    {
      name: 'no-deep-import',
      comment: 'other packages are reached through their entries',
      severity: 'error',
      from: { path: '^(packages|examples)/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/src/',
        pathNot: [
          '^$1/$2/',
          '^packages/[^/]+/src/(index|driver|testing|level|(testing|level|nats|http|otel|bull-board|fastify)/index)\\.ts$',
        ],
      },
    },
    {
      name: 'no-circular',
      comment: 'types may name each other; code may not',
      severity: 'error',
      // a recursive grammar is emitted by functions that call each other
      from: { pathNot: '^packages/resp-server/src/lua/codegen/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    exclude: { path: '(^|/)(dist|node_modules|\\.snippets)/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      conditionNames: ['@ashlar/source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
}
