import t from 'tap'
import { directionProblems } from '../../../scripts/directions.ts'

const problemsOf = (files: Record<string, string>): string[] => directionProblems(new Map(Object.entries(files)))

const cases: { name: string; files: Record<string, string>; problems: string[] }[] = [
  {
    name: 'lets an outer layer import an inner one',
    files: {
      'core/clock.ts': 'export const a = 1',
      'config/load.ts': "import { a } from '../core/clock.ts'\nexport const b = a",
      'exchange/pipeline.ts': "import { b } from '../config/load.ts'\nexport { a } from '../core/clock.ts'\nb",
    },
    problems: [],
  },
  {
    name: 'refuses an inner layer that imports an outer one',
    files: { 'core/clock.ts': "import { b } from '../config/load.ts'\nb", 'config/load.ts': 'export const b = 1' },
    problems: ['src/core/clock.ts:1: core must not import config (config/load.ts)'],
  },
  {
    name: 'refuses siblings that import each other',
    files: { 'routing/table.ts': "\nexport * from '../upstream/service.ts'", 'upstream/service.ts': 'export const s = 1' },
    problems: ['src/routing/table.ts:2: routing must not import upstream (upstream/service.ts)'],
  },
  {
    name: 'sees imports of types, in types and import()',
    files: {
      'core/a.ts': [
        "import type { S } from '../upstream/service.ts'",
        "export type T = import('../upstream/service.ts').S | S",
        "export const load = () => import('../upstream/service.ts')",
      ].join('\n'),
      'upstream/service.ts': 'export type S = string',
    },
    problems: [1, 2, 3].map((line) => `src/core/a.ts:${line}: core must not import upstream (upstream/service.ts)`),
  },
  {
    name: 'refuses what a sidecar would load at its start, but not types, import() or what nobody loads',
    files: {
      'commands/run.ts':
        "import { a } from '../config/a.ts'\nimport type { B } from '../config/b.ts'\nexport const c = (b: B) => [a, b]",
      'config/a.ts': "import { type Z, z } from 'zod'\nexport const a: Z = z\nexport const b = () => import('./b.ts')",
      'config/b.ts': "import { parse } from 'yaml'\nexport type B = typeof parse",
      'config/c.ts': "import { type Z } from 'zod'\nexport const c: Z = 1",
    },
    problems: ['src/config/a.ts: every sidecar would load zod: commands/run.ts → config/a.ts'],
  },
  {
    name: 'is not fooled by comments and strings',
    files: { 'core/a.ts': '// import "../main.ts"\nexport const text = `import x from "../main.ts"`' },
    problems: [],
  },
  {
    name: 'refuses a computed import',
    files: { 'commands/run.ts': 'export const load = (name: string) => import(name)' },
    problems: ['src/commands/run.ts:1: imports a name that is computed'],
  },
  {
    name: 'refuses a package outside its door and one without a door',
    files: {
      'exchange/a.ts': "import { z } from 'zod'\nz",
      'config/a.ts': "import { z } from 'zod'\nimport leftPad from 'left-pad/deep'\nleftPad(z)",
      'policy/jwt/fetch.ts': "import { request } from 'undici'\nrequest",
      'policy/jwt-old.ts': "import { request } from 'undici'\nrequest",
    },
    problems: [
      'src/exchange/a.ts:1: package zod is imported outside its door (config)',
      'src/config/a.ts:2: package left-pad has no door in scripts/directions.ts',
      'src/policy/jwt-old.ts:1: package undici is imported outside its door (discovery/kubernetes/api.ts, upstream/health, policy/jwt, telemetry)',
    ],
  },
  {
    name: 'keeps sockets out of configuration and the process in main',
    files: {
      'config/watch.ts': "import { connect } from 'node:net'\nimport { watch } from 'node:fs'\nconnect(watch)",
      'core/a.ts': "import process from 'node:process'\nprocess",
    },
    problems: ['src/config/watch.ts:1: config must not import node:net', 'src/core/a.ts:1: core must not import node:process'],
  },
  {
    name: 'finds a cycle within a room and names its way',
    files: {
      'core/a.ts': "import { b } from './b.ts'\nexport const a = b",
      'core/b.ts': "import { c } from './deep/c.ts'\nexport const b = c",
      'core/deep/c.ts': "import { a } from '../a.ts'\nexport const c = a",
    },
    problems: ['src/core/a.ts: import cycle core/a.ts → core/b.ts → core/deep/c.ts → core/a.ts'],
  },
  {
    name: 'refuses unknown rooms and files that are not there',
    files: { 'utils/a.ts': "import '../core/a.ts'", 'core/a.ts': "import './gone.ts'" },
    problems: [
      'src/utils/a.ts:1: utils is no room that scripts/directions.ts knows',
      'src/core/a.ts:1: imports ./gone.ts, which is no file of src/',
    ],
  },
]

for (const { name, files, problems } of cases) {
  t.test(name, async (t) => {
    t.same(problemsOf(files), problems)
  })
}

t.test('refuses a file that does not parse', async (t) => {
  t.throws(() => problemsOf({ 'core/a.ts': 'import {' }), /core\/a\.ts/)
})
