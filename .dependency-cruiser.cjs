// The doors between the rooms of src/: each names the rooms that it may import. Everything else is closed.
const doors = {
  errors: [],
  time: ['errors'],
  circuit: ['errors', 'time'],
  policy: ['errors', 'time', 'circuit'],
  clients: ['errors', 'time', 'policy'],
  store: ['errors', 'time', 'circuit'],
  upstream: ['errors', 'time', 'policy', 'store', 'clients'],
  heartbeat: ['errors', 'time', 'policy', 'store', 'clients'],
  context: ['errors', 'time', 'store', 'clients', 'upstream', 'heartbeat'],
  processor: ['errors', 'time', 'circuit', 'policy', 'store', 'clients', 'upstream', 'heartbeat', 'context'],
  trigger: [
    'errors',
    'time',
    'circuit',
    'policy',
    'store',
    'clients',
    'upstream',
    'heartbeat',
    'context',
    'processor',
  ],
};
const all = [...Object.keys(doors)];
doors.google = all;
doors.local = all;
doors.testing = all;

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(doors).map(([room, open]) => ({
      name: `doors-of-${room}`,
      comment: `src/${room} may import ${open.join(', ') || 'no other room'}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[room, ...open].join('|')})/` },
    })),
    {
      name: 'by-the-face',
      comment: 'Another room is imported through its index.ts.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'policies-stand-alone',
      comment:
        'breakwater/policy runs in browsers: no Node built-in and nothing from npm but the duration parser.',
      severity: 'error',
      from: { path: '^src/(errors|time|circuit|policy)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypesNot: ['local', 'type-only'], pathNot: '@lukeed/ms' },
    },
    {
      name: 'examples-use-the-public-face',
      severity: 'error',
      from: { path: '^(examples|docs)/' },
      to: { path: '^src/', pathNot: ['^src/index\\.ts$', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'optional-peers-stay-in-their-room',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/local/', '\\.test\\.ts$'] },
      to: { path: 'node_modules/(@duckdb|@polyglot-sql)' },
    },
    {
      name: 'google-stays-in-its-room',
      comment: 'Whoever imports anything but breakwater/google needs no package of Google.',
      severity: 'error',
      from: { path: '^(src|examples)/', pathNot: ['^src/google/', '\\.test\\.ts$'] },
      to: { path: 'node_modules/(@google-cloud|google-gax|@grpc)' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$|^test/' },
      to: { path: '\\.test\\.ts$|^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['breakwater-source', 'import', 'node', 'default', 'types'],
    },
  },
};
