import t from 'tap'
import { problemLines } from '../../support/config-text.ts'

const CATALOG = `workload: { namespace: shop }
services:
  - { name: catalog, namespace: shop, port: 80, endpoints: [{ address: "127.0.0.1:9001" }] }
  - { name: catalog, namespace: shop, port: 8080, endpoints: [{ address: "127.0.0.1:9001" }] }
  - { name: db, namespace: data, port: 5432, endpoints: [{ address: "127.0.0.1:9002" }] }
  - { name: two, namespace: data, port: 1, endpoints: [{ address: "127.0.0.1:9003" }] }
  - { name: two, namespace: data, port: 2, endpoints: [{ address: "127.0.0.1:9003" }] }
listeners: { outbound: [{ listen: "127.0.0.1:15001" }] }
`

interface Case {
  readonly name: string
  readonly text: string
  readonly lines: readonly string[]
}

const listeners: readonly Case[] = [
  {
    name: 'the same address twice',
    text: 'listeners:\n  inbound: [{ listen: 127.0.0.1:80, app: 127.0.0.1:8080 }]\n  outbound: [{ listen: 127.0.0.1:80 }]\n',
    lines: [
      'c.yaml:3:24: listeners.outbound[0].listen: 127.0.0.1:80 is already listened on by listeners.inbound[0].listen at c.yaml:2:23',
    ],
  },
  {
    name: 'all addresses of a port and one of them',
    text: 'listeners: { inbound: [{ listen: 0.0.0.0:80, app: ":9" }] }\nadmin: { listen: localhost:80 }\n',
    lines: [
      'c.yaml:2:18: admin.listen: localhost:80 overlaps 0.0.0.0:80, which is already listened on by listeners.inbound[0].listen at c.yaml:1:34',
    ],
  },
  {
    name: 'IPv6 in two spellings',
    text: 'listeners: { outbound: [{ listen: "[::1]:80" }, { listen: "[0:0:0::1]:80" }] }\n',
    lines: [
      'c.yaml:1:59: listeners.outbound[1].listen: [0:0:0::1]:80 overlaps [::1]:80, which is already listened on by listeners.outbound[0].listen at c.yaml:1:35',
    ],
  },
  {
    name: 'a Unix socket twice',
    text: 'listeners: { outbound: [{ listen: "unix:/a" }, { listen: "unix:/a" }] }\n',
    lines: [
      'c.yaml:1:58: listeners.outbound[1].listen: unix:/a is already listened on by listeners.outbound[0].listen at c.yaml:1:35',
    ],
  },
  {
    name: 'an application that is the sidecar itself',
    text: 'listeners: { inbound: [{ listen: 0.0.0.0:8080, app: 127.0.0.1:8080 }] }\n',
    lines: [
      "c.yaml:1:53: listeners.inbound[0].app: 127.0.0.1:8080 is this sidecar's own listeners.inbound[0].listen; connections would come back for ever",
    ],
  },
  {
    name: 'what only looks alike',
    text: `listeners:
  inbound: [{ listen: 127.0.0.1:80, app: 127.0.0.2:80 }, { listen: "127.0.0.1:0", app: "unix:/a" }]
  outbound: [{ listen: 127.0.0.3:80 }, { listen: "127.0.0.1:0" }, { listen: "unix:/b" }]
admin: { listen: "[::1]:80" }\n`,
    lines: [],
  },
  {
    name: 'a service that is not there',
    text: `${CATALOG}---\nlisteners: { outbound: [{ listen: ":1", service: catlog }, { listen: ":2", service: two.data }, { listen: ":3", service: db.data:1 }] }`,
    lines: [
      'c.yaml:10:50: listeners.outbound[1].service: there is no service "catlog" (did you mean "catalog.shop"?)',
      'c.yaml:10:85: listeners.outbound[2].service: the service "two.data" has several ports (add one of them: 1, 2)',
      'c.yaml:10:122: listeners.outbound[3].service: the service "db.data:1" has no such port (it has 5432)',
    ],
  },
]

const services: readonly Case[] = [
  {
    name: 'a service twice',
    text: `${CATALOG}---\nservices:\n  - { name: db, namespace: data, port: 5432, dns: { name: db } }\n`,
    lines: ['c.yaml:11:13: services[5]: the service db.data:5432 is there twice, first as services[2] at c.yaml:5:13'],
  },
  {
    name: 'a native service that is a Kubernetes one as well',
    text: `${CATALOG}---\napiVersion: v1\nkind: Service\nmetadata: { name: db, namespace: data }\nspec: { ports: [{ port: 5432 }] }\n`,
    lines: ['c.yaml:10:1: Service data/db: the service db.data:5432 is there twice, first as services[2] at c.yaml:5:13'],
  },
  {
    name: 'no endpoints',
    text: `${CATALOG}---\nservices:\n  - { name: a, port: 80 }\n`,
    lines: ['c.yaml:11:5: warning: services[5]: the service a.default:80 has no endpoints (add endpoints or dns)'],
  },
  {
    name: 'endpoints that are nowhere or there twice',
    text: `${CATALOG}---\nservices:\n  - { name: a, port: 80, endpoints: [{ address: ":80" }, { address: "a:0" }, { address: "a:1" }, { address: "a:1" }] }\n`,
    lines: [
      'c.yaml:11:49: services[5].endpoints[0].address: nothing can be reached at :80 (an endpoint needs a host and a port)',
      'c.yaml:11:69: services[5].endpoints[1].address: nothing can be reached at a:0 (an endpoint needs a host and a port)',
      'c.yaml:11:109: services[5].endpoints[3].address: a:1 is there twice (use weight for a larger share)',
    ],
  },
  {
    name: 'DNS times that contradict each other',
    text: `${CATALOG}---\nservices:\n  - { name: a, port: 80, dns: { name: a, minTtl: 10s, maxTtl: 5s } }\n`,
    lines: ['c.yaml:11:50: services[5].dns: minTtl is longer than maxTtl'],
  },
  {
    name: 'drain times that contradict each other',
    text: `${CATALOG}drain: { grace: 40s }`,
    lines: ['c.yaml:9:17: drain.grace is longer than drain.limit: everything would be cut before it ends'],
  },
]

const routes: readonly Case[] = [
  {
    name: 'names of services, near and far',
    text: 'routes: [{ name: r, services: [{ service: catalogue.shop }, { service: x.y.z }, { service: "" }, { service: catalog }] }]',
    lines: [
      'c.yaml:9:43: routes[0].services[0].service: there is no service "catalogue.shop" (did you mean "catalog.shop"?)',
      'c.yaml:9:72: routes[0].services[1].service: there is no service "x.y.z" (a name without a namespace means one in shop)',
      'c.yaml:9:92: routes[0].services[2].service: expected a service such as "catalog.shop" or "catalog.shop:80", got ""',
    ],
  },
  {
    name: 'no services',
    text: 'routes:\n  - name: r',
    lines: ['c.yaml:10:5: routes[0]: the route "r" has no services (it could redirect or reply instead)'],
  },
  {
    name: 'a redirect to where the caller is',
    text: 'routes:\n  - { name: r, redirect: { status: 301 } }',
    lines: ['c.yaml:10:26: routes[0].redirect: it changes nothing, so that callers would go round in circles'],
  },
  {
    name: 'weights that add up to nothing',
    text: 'routes: [{ name: r, services: [{ service: catalog, weight: 0 }, { service: db.data, weight: 0 }] }]',
    lines: ['c.yaml:9:31: routes[0]: all weights are 0, so no request could go anywhere'],
  },
  {
    name: 'times that contradict each other',
    text: 'routes: [{ name: r, services: [{ service: catalog }], timeouts: { request: 1s, attempt: 2s } }]',
    lines: ['c.yaml:9:89: routes[0]: timeouts.attempt is longer than timeouts.request, so it can never strike'],
  },
  {
    name: 'a name twice',
    text: 'routes:\n  - { name: r, services: [{ service: catalog }] }\n  - { name: r, hosts: [a], services: [{ service: catalog }] }',
    lines: ['c.yaml:11:13: routes[1]: the route "r" is there twice, first at c.yaml:10:13'],
  },
  {
    name: 'a route that is never reached, in whatever words',
    text: `routes:
  - { name: a, hosts: [catalog, x.y], matches: [{ path: { prefix: /a }, headers: { p: { exact: "1" }, q: { present: true } } }], services: [{ service: catalog }] }
  - { name: b, hosts: [Catalog.shop.svc], matches: [{ headers: { q: { present: true }, p: { exact: "1" } }, path: { prefix: /a } }], services: [{ service: catalog }] }
  - { name: c, hosts: [catalog], matches: [{ path: { prefix: /a } }], services: [{ service: catalog }] }
  - { name: d, hosts: [x.y, z], matches: [{ path: { prefix: /a }, headers: { p: { exact: "1" }, q: { present: true } } }], services: [{ service: catalog }] }`,
    lines: [
      'c.yaml:11:13: routes[1]: the route "b" is never reached: the same requests go to "a" at c.yaml:10:13'.replace(
        '11:13',
        '11:13',
      ),
    ],
  },
  {
    name: 'a match that another route is asked for before',
    text: `routes:
  - { name: all, hosts: [x.y], matches: [{ path: { regex: /.* } }], services: [{ service: catalog }] }
  - { name: prefix, hosts: [x.y], matches: [{ path: { prefix: /a } }, { path: { exact: /b } }], services: [{ service: catalog }] }
  - { name: first, hosts: [x.z], priority: 1, matches: [{ path: { prefix: /a }, method: GET }], services: [{ service: catalog }] }
  - { name: below, hosts: [x.z], matches: [{ path: { exact: /a/b }, method: GET, headers: { p: { exact: "1" } } }], services: [{ service: catalog }] }
  - { name: beside, hosts: [x.z], matches: [{ path: { exact: /a/b } }, { path: { exact: /ab }, method: GET }], services: [{ service: catalog }] }
  - { name: others, hosts: [x.z], priority: 2, sources: [{ namespace: b }], services: [{ service: catalog }] }`,
    lines: [
      'c.yaml:11:45: warning: routes[1]: matches[0] of "prefix" is never reached: its requests go to "all" at c.yaml:10:13',
      'c.yaml:13:13: warning: routes[3]: the route "below" is never reached: its requests go to "first" at c.yaml:12:13',
    ],
  },
  {
    name: 'what means nothing for inbound calls',
    text: `routes:
  - { name: a, at: inbound, matches: [{ path: { prefix: /a } }] }
  - { name: b, matches: [{ path: { prefix: /a } }], services: [{ service: catalog }] }
  - { name: c, at: inbound, services: [{ service: catalog }], retry: { attempts: 3 } }`,
    lines: [
      'c.yaml:12:39: routes[2]: services means nothing in a route of inbound calls',
      'c.yaml:12:70: routes[2]: retry means nothing in a route of inbound calls',
    ],
  },
  {
    name: 'that the same match is for other callers',
    text: `routes:
  - { name: a, sources: [{ namespace: b, labels: { app: x } }], services: [{ service: catalog }] }
  - { name: b, sources: [{ namespace: b }], services: [{ service: catalog }] }
  - { name: c, sources: [{ namespace: b, labels: { app: y } }], services: [{ service: catalog }] }
  - { name: d, gateways: [edge/public], services: [{ service: catalog }] }`,
    lines: [
      'c.yaml:12:13: routes[2]: the route "c" is never reached: the same requests go to "b" at c.yaml:11:13',
      'c.yaml:13:27: routes[3].gateways[0]: there is no gateway "edge/public" (known: mesh)',
    ],
  },
]

for (const { name, text, lines } of [...listeners, ...services]) {
  t.test(`says of ${name}`, async (t) => t.same(problemLines(text), lines))
}
for (const { name, text, lines } of routes) {
  t.test(`says of routes: ${name}`, async (t) => t.same(problemLines(`${CATALOG}${text}\n`), lines))
}
