// The `to` of a rule: what the caller does. An operation is one conjunction of tests.
import type { PolicyOperationConfig } from '../config/schema/policies.ts'
import { HeaderTest } from './header-test.ts'
import { HostTest } from './host-test.ts'
import type { PolicyInput } from './input.ts'
import { asBlocks, asHosts, asPaths, asRegexes, asTexts } from './members.ts'
import { type Findable, type Key, negated, type Test, testsOf } from './test.ts'

const PORTS: Key = { field: 'ports', dimension: 'port', http: false, read: (input) => String(input.destinationPort) }
const METHODS: Key = { field: 'methods', dimension: 'method', http: true, read: (input) => input.method }
const PATHS: Key = { field: 'paths', dimension: 'path', http: true, read: (input) => input.path }
const PATH_REGEXES: Key = { field: 'pathRegexes', dimension: 'path', http: true, read: (input) => input.path }
const SERVER_NAMES: Key = { field: 'serverNames', dimension: 'server name', http: false, read: (input) => input.serverName }
const IP_BLOCKS: Key = { field: 'ipBlocks', dimension: 'destination address', http: false, read: (input) => input.destinationIp }

/** `wide`: what the rule does is deny, so in doubt it matches. */
export function operationTests(operation: PolicyOperationConfig, wide: boolean): Test[] {
  return [
    ...testsOf(PORTS, operation.ports.map(String), operation.notPorts.map(String), asTexts),
    ...testsOf(METHODS, operation.methods, operation.notMethods, asTexts),
    ...hostTests(operation, wide),
    ...testsOf(PATHS, operation.paths, operation.notPaths, asPaths),
    ...testsOf(PATH_REGEXES, operation.pathRegexes, [], asRegexes),
    ...Object.entries(operation.headerRegexes).map(([name, regex]) => headerTest(name, regex, wide)),
    ...serviceTests(operation),
    ...testsOf(SERVER_NAMES, operation.serverNames, [], asTexts),
    ...testsOf(IP_BLOCKS, operation.ipBlocks, [], asBlocks),
  ]
}

function headerTest(name: string, regex: string, wide: boolean): Test {
  const wish = { values: asRegexes([regex]), wanted: true, any: wide }
  return new HeaderTest(`headerRegexes[${name}]`, name.toLowerCase(), wish)
}

function hostTests({ hosts, notHosts }: PolicyOperationConfig, wide: boolean): Test[] {
  const tests: Test[] = []
  if (hosts.length > 0) tests.push(new HostTest('hosts', asHosts(hosts), { wanted: true, anySpelling: wide }))
  if (notHosts.length > 0) tests.push(new HostTest(negated('hosts'), asHosts(notHosts), { wanted: false, anySpelling: true }))
  return tests
}

function serviceTests({ services }: PolicyOperationConfig): Test[] {
  if (services.length === 0) return []
  const set = asTexts(services)
  const found: Findable | null = set.keys === null ? null : { dimension: 'service', keys: set.keys, read: serviceNames }
  return [{ field: 'services', http: false, found, holds: (input) => serviceNames(input).some((name) => set.has(name)) }]
}

/** With and without its port. */
function serviceNames({ service }: PolicyInput): [string, string] {
  return [service, service.slice(0, Math.max(0, service.lastIndexOf(':')))]
}
