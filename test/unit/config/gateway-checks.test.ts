import t from 'tap'
import { problemLines } from '../../support/config-text.ts'

const OUTBOUND = 'listeners: { outbound: [{ listen: 127.0.0.1:15001 }] }\n'
const gateway = (...listeners: readonly string[]): string =>
  `gateways:\n- { name: public, namespace: edge, listeners: [${listeners.join(', ')}] }\n`
const HTTP = '{ name: http, port: 80, protocol: http }'
const route = (gateways: string): string =>
  `services: [{ name: a, port: 80, endpoints: [{ address: 127.0.0.1:9 }] }]\nroutes: [{ name: r, gateways: [${gateways}], services: [{ service: a }] }]\n`

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a gateway with one listener for each thing is fine',
    OUTBOUND + gateway(HTTP, '{ name: alt, port: 80, protocol: http, host: "*.example" }'),
    [],
  ],
  [
    'two listeners that cannot be told apart are an error',
    OUTBOUND + gateway(HTTP, '{ name: again, port: 80, protocol: http }'),
    ['c.yaml:3:111: gateways[0].listeners[1]: what comes in here cannot be told from what is for listeners[0]'],
  ],
  [
    'bytes share a port with nothing',
    OUTBOUND + gateway(HTTP, '{ name: tcp, port: 80, protocol: tcp }'),
    ['c.yaml:3:109: gateways[0].listeners[1]: what comes in here cannot be told from what is for listeners[0]'],
  ],
  [
    'https needs certificates, http has none',
    OUTBOUND + gateway('{ name: a, port: 443, protocol: https }', '{ name: b, port: 80, protocol: http, tls: {} }'),
    [
      'c.yaml:3:80: gateways[0].listeners[0]: https needs tls with certificates',
      'c.yaml:3:131: gateways[0].listeners[1]: http has no TLS; did you mean https or tls?',
    ],
  ],
  [
    'a listener of a gateway that is not there carries nothing until it is',
    'listeners: { gateway: [{ listen: 127.0.0.1:80, gateway: edge/pubic, port: 80 }] }\n' + gateway(HTTP),
    [
      'c.yaml:1:57: warning: listeners.gateway[0].gateway: there is no gateway "edge/pubic"; nothing is carried (did you mean "edge/public"?)',
    ],
  ],
  [
    'so does a port that the gateway does not have',
    'listeners: { gateway: [{ listen: 127.0.0.1:80, gateway: edge/public, port: 81 }] }\n' + gateway(HTTP),
    [
      'c.yaml:1:76: warning: listeners.gateway[0].port: the gateway edge/public listens on no port 81; nothing is carried (it has 80)',
    ],
  ],
  [
    'a route may be for a gateway, a listener of it, and the mesh',
    OUTBOUND + gateway(HTTP) + route('edge/public, edge/public/http, mesh'),
    [],
  ],
  [
    'a route for a gateway that is not there is an error',
    OUTBOUND + gateway(HTTP) + route('edge/publik, edge/public/htp'),
    [
      'c.yaml:5:32: routes[0].gateways[0]: there is no gateway "edge/publik" (did you mean "edge/public"?)',
      'c.yaml:5:45: routes[0].gateways[1]: there is no listener "edge/public/htp" (did you mean "edge/public/http"?)',
    ],
  ],
]

for (const [name, text, lines] of CASES) t.test(name, async (t) => t.same(problemLines(text), lines))
