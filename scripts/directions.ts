// Checks who may import whom in src/: the layers of docs/architecture.md, one door a package, no cycles.
// Run by `npm run directions`; prints one line per problem and exits 1 when there is any.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { importsOf } from './imports.ts'

const DECISIONS = ['core', 'config', 'codec', 'identity']
const PARTS = [...DECISIONS, 'policy', 'routing', 'upstream', 'discovery', 'telemetry']

/** Room (first folder below src/, or a file there) → rooms that it may import besides itself. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  codec: ['core'],
  config: ['core'],
  identity: ['core', 'config'],
  ca: ['core', 'identity'],
  policy: DECISIONS,
  routing: DECISIONS,
  upstream: DECISIONS,
  discovery: DECISIONS,
  telemetry: DECISIONS,
  admin: ['core', 'config', 'telemetry'],
  inject: ['core', 'config'],
  capture: ['core'],
  exchange: PARTS,
  downstream: [...PARTS, 'exchange'],
  sidecar: [...PARTS, 'exchange', 'downstream', 'admin'],
  'sidecar.ts': [...PARTS, 'exchange', 'downstream', 'admin', 'sidecar'],
  commands: [...PARTS, 'exchange', 'downstream', 'admin', 'ca', 'capture', 'inject', 'sidecar.ts', 'sidecar'],
  'main.ts': ['core', 'commands'],
}

/** npm package → its one door: the file or folder below src/ that may import it. */
export const DOORS: Readonly<Record<string, readonly string[]>> = {
  commander: ['main.ts'],
  'ipaddr.js': ['core/address.ts'],
  jose: ['policy/jwt'],
  koffi: ['downstream'],
  opossum: ['upstream/breaker'],
  pino: ['telemetry'],
  'pino-pretty': ['telemetry'],
  'prom-client': ['telemetry'],
  re2js: ['core/regex.ts'],
  undici: ['discovery/kubernetes/api.ts', 'upstream/health', 'policy/jwt', 'telemetry'],
  ws: ['admin'],
  yaml: ['config'],
  zod: ['config'],
}

/** What a running sidecar has in memory from its start. */
const START = 'commands/run.ts'
/** Packages that are not there then: loaded by import() when they are used, or in the thread that compiles the configuration. */
const LATE: ReadonlySet<string> = new Set(['jose', 'pino-pretty', 'prom-client', 're2js', 'undici', 'yaml', 'zod'])

const SOCKETS = ['admin', 'codec', 'commands', 'discovery', 'downstream', 'exchange', 'sidecar.ts', 'telemetry', 'upstream']

/** Built-in module → rooms that may use it. Those not named here are free. The side that configures and decides knows no sockets. */
export const BUILT_INS: Readonly<Record<string, readonly string[]>> = {
  'node:dgram': ['discovery'],
  'node:http': ['admin', 'commands', 'telemetry'],
  'node:http2': ['telemetry'], // off the data path
  'node:https': ['commands', 'telemetry'],
  'node:net': [...SOCKETS, 'core'], // core asks it what an address looks like, and whether somebody listens
  'node:process': ['main.ts', 'telemetry'], // telemetry reads CPU time
  'node:tls': [...SOCKETS, 'identity'], // identity makes contexts, and opens nothing
}

/** `files`: path below src/ → source text. One line per problem. */
export function directionProblems(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  const loaded = new Map<string, string[]>()
  for (const [path, source] of files) {
    const edges: string[] = []
    graph.set(path, edges)
    loaded.set(path, [])
    for (const { specifier, line, loads } of importsOf(path, source)) {
      const target = specifier?.startsWith('.') ? resolveFrom(path, specifier) : undefined
      const problem = specifier === undefined ? 'imports a name that is computed' : judge(path, specifier, target, files)
      if (problem !== undefined) problems.push(`src/${path}:${line}: ${problem}`)
      else if (target !== undefined) edges.push(target)
      if (loads && specifier !== undefined) loaded.get(path)?.push(target ?? packageOf(specifier))
    }
  }
  return [...problems, ...cycles(graph), ...early(loaded)]
}

/** What a sidecar would have in memory from its start, and should not. */
function early(loaded: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    if (done.has(path)) return
    done.add(path)
    for (const next of loaded.get(path) ?? []) {
      if (LATE.has(next)) found.push(`src/${path}: every sidecar would load ${next}: ${[...way, path].join(' → ')}`)
      else visit(next, [...way, path])
    }
  }
  visit(START, [])
  return found
}

function judge(
  path: string,
  specifier: string,
  target: string | undefined,
  files: ReadonlyMap<string, string>,
): string | undefined {
  const room = roomOf(path)
  const allowed = ROOMS[room]
  if (allowed === undefined) return `${room} is no room that scripts/directions.ts knows`
  if (target !== undefined) {
    if (!files.has(target)) return `imports ${specifier}, which is no file of src/`
    const other = roomOf(target)
    return other === room || allowed.includes(other) ? undefined : `${room} must not import ${other} (${target})`
  }
  if (specifier.startsWith('node:')) {
    const rooms = BUILT_INS[specifier]
    return rooms === undefined || rooms.includes(room) ? undefined : `${room} must not import ${specifier}`
  }
  const name = packageOf(specifier)
  const doors = DOORS[name]
  if (doors === undefined) return `package ${name} has no door in scripts/directions.ts`
  return doors.some((door) => isInside(path, door))
    ? undefined
    : `package ${name} is imported outside its door (${doors.join(', ')})`
}

/** The door 'upstream/health' is upstream/health.ts and everything below upstream/health/. */
function isInside(path: string, door: string): boolean {
  return path === door || path === `${door}.ts` || path.startsWith(`${door}/`)
}

function roomOf(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function resolveFrom(path: string, specifier: string): string {
  return new URL(specifier, `src:/${path}`).pathname.slice(1)
}

/** Each cycle once, as one line. Depth first; a file on the current way met again closes a cycle. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const way: string[] = []
  const visit = (path: string): void => {
    const at = way.indexOf(path)
    if (at >= 0) found.push(`src/${path}: import cycle ${[...way.slice(at), path].join(' → ')}`)
    if (at >= 0 || done.has(path)) return
    way.push(path)
    for (const next of graph.get(path) ?? []) visit(next)
    way.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return found
}

function sources(root: URL): Map<string, string> {
  const files = new Map<string, string>()
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (path.endsWith('.ts')) files.set(path.replaceAll('\\', '/'), readFileSync(new URL(path, root), 'utf8'))
  }
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = sources(new URL('../src/', import.meta.url))
  const problems = directionProblems(files)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0 || files.size === 0) process.exit(1)
  console.log(`directions: ${files.size} files keep to the layers`)
}
