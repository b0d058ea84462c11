// What finding the route of a request costs, by how many there are. node bench/micro/routing/table.ts
import { HeadReader } from '../../../src/codec/http1/head.ts'
import type { RequestHead } from '../../../src/codec/message.ts'
import { routeSchema } from '../../../src/config/schema.ts'
import { compileRoutes } from '../../../src/routing/compile.ts'
import { micro } from '../../lib/micro.ts'

const SIZES = [1, 1000]

for (const size of SIZES) {
  const prefixes = table(size, (i) => ({ hosts: ['catalog.shop'], matches: [{ path: { prefix: `/r${i}` } }] }))
  const head = request('catalog.shop', `/r${size - 1}/item?x=1`)
  micro(`${size} prefixes of one host, the last`, () => prefixes.match(head))
  const missing = request('catalog.shop', '/nowhere')
  micro(`${size} prefixes of one host, none`, () => prefixes.match(missing))
  const hosts = table(size, (i) => ({ hosts: [`h${i}.shop`] }))
  const heads = Array.from({ length: Math.min(size, 500) }, (_, i) => request(`h${i}.shop`, '/item'))
  micro(`${size} hosts in turn`, (i) => hosts.match(heads[i % heads.length] as RequestHead))
  const fields = table(size, (i) => ({ matches: [{ headers: { 'x-tenant': { exact: `t${i}` } } }] }))
  const tenant = request('catalog.shop', '/', [`x-tenant: t${size - 1}`])
  micro(`${size} header matches, the last`, () => fields.match(tenant))
}

function table(size: number, route: (i: number) => object): ReturnType<typeof compileRoutes<string>>['table'] {
  const routes = Array.from({ length: size }, (_, i) =>
    routeSchema.parse({ name: `r${i}`, services: [{ service: 'catalog.shop' }], ...route(i) }),
  )
  const context = {
    resolve: (ref: string) => ref,
    aliases: (host: string) => [host],
    pathNormalization: 'AUTO' as const,
    random: () => 0.5,
  }
  const compiled = compileRoutes<string>(routes, context)
  if (compiled.problems.length > 0) throw new Error(compiled.problems[0]?.message)
  return compiled.table
}

function request(host: string, path: string, lines: readonly string[] = []): RequestHead {
  const reader = new HeadReader({ maxFields: 100, upgrades: new Set() })
  const head = reader.request(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}`)
  if (head === undefined) throw new Error(reader.detail)
  return head
}
