// Injection and its undoing, on plain values.
import t from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import { diff, type Json } from '../../../src/core/json-patch.ts'
import { RECORD } from '../../../src/inject/annotations.ts'
import { type Injection, inject, uninject } from '../../../src/inject/inject.ts'
import type { Container, PodTemplate } from '../../../src/inject/pod-template.ts'

const OPTIONS = { image: 'outrigger:test', mode: 'native' } as const
const APP = { name: 'cart', image: 'cart:v1', ports: [{ name: 'http', containerPort: 8080 }] }

function injected(pod: object, options: { image: string; mode: 'native' | 'classic' } = OPTIONS): PodTemplate {
  return changed(inject(pod, options))
}

function changed(injection: Injection): PodTemplate {
  if (injection.kind !== 'changed') throw new Error(JSON.stringify(injection))
  return injection.pod
}

function messages(pod: object): string[] {
  const injection = inject(pod, OPTIONS)
  return injection.kind === 'flawed' ? injection.flaws.map(({ path, message }) => `${path.join('.')}: ${message}`) : []
}

const names = (list: readonly Container[] | undefined): string[] => (list ?? []).map(({ name }) => name)

t.test('a native sidecar starts after the capture and before the init containers of the application', async (t) => {
  const { spec } = injected({ spec: { initContainers: [{ name: 'migrate' }], containers: [APP] } })
  t.same(names(spec.initContainers), ['outrigger-capture', 'outrigger', 'migrate'])
  t.same(names(spec.containers), ['cart'])
  const sidecar = spec.initContainers?.[1]
  t.equal(sidecar?.['restartPolicy'], 'Always')
  t.match(sidecar?.['startupProbe'], { httpGet: { path: '/healthz/ready', port: 15_020 } }, 'holds the application')
})

t.test('a classic sidecar is the first container, and holds the others by its hook', async (t) => {
  const { spec, metadata } = injected(
    { spec: { initContainers: [{ name: 'migrate' }], containers: [APP] } },
    { ...OPTIONS, mode: 'classic' },
  )
  t.same(names(spec.initContainers), ['migrate', 'outrigger-capture'], 'init containers speak before anything is captured')
  t.same(names(spec.containers), ['outrigger', 'cart'])
  t.match(spec.containers[0], {
    lifecycle: { postStart: { exec: { command: [/node$/, /outrigger\.js$/, 'wait', '--timeout', '2m'] } } },
  })
  t.equal(metadata?.annotations?.['kubectl.kubernetes.io/default-container'], 'cart')
})

t.test('only the capture container may change the network, and nothing may write or become more', async (t) => {
  const { spec } = injected({ spec: { containers: [APP] } })
  const [capture, sidecar] = spec.initContainers ?? []
  t.match(capture?.['securityContext'], {
    capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  })
  const context = sidecar?.['securityContext'] as { capabilities: object }
  t.match(context, { runAsUser: 1337, runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
  t.strictSame(context.capabilities, { drop: ['ALL'] })
})

t.test('probes go through the sidecar, those within the container and of other machines do not', async (t) => {
  const { spec, metadata } = injected({
    spec: {
      containers: [
        {
          ...APP,
          livenessProbe: {
            httpGet: { path: '/live', port: 'http', httpHeaders: [{ name: 'X-A', value: 'b' }] },
            periodSeconds: 3,
          },
          readinessProbe: { grpc: { port: 9090, service: 'cart' }, timeoutSeconds: 4 },
          startupProbe: { exec: { command: ['true'] } },
        },
        { name: 'other', livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } }, readinessProbe: { tcpSocket: { port: 7 } } },
      ],
    },
  })
  const [cart, other] = spec.containers
  t.strictSame(cart?.['livenessProbe'], { httpGet: { path: '/app-health/cart/liveness', port: 15_020 }, periodSeconds: 3 })
  t.strictSame(cart?.['startupProbe'], { exec: { command: ['true'] } })
  t.strictSame(other?.['livenessProbe'], { httpGet: { host: '10.0.0.1', port: 80 } })
  const settings = metadata?.annotations?.['outrigger.dev/sidecar'] ?? ''
  t.match(settings, /name: cart\/liveness\n\s+timeout: 1s\n\s+http:\n\s+port: 8080\n\s+path: \/live\n\s+headers:\n\s+X-A: b/)
  t.match(settings, /name: cart\/readiness\n\s+timeout: 4s\n\s+grpc:\n\s+port: 9090\n\s+service: cart/)
  t.match(settings, /name: other\/readiness\n\s+timeout: 1s\n\s+tcp:\n\s+port: 7\n\s+host: \$\{POD_IP\}/)
})

const PODS: readonly { name: string; pod: object }[] = [
  { name: 'the least there is', pod: { spec: { containers: [APP] } } },
  { name: 'with everything that injection touches', pod: full() },
  {
    name: 'with empty lists and mappings',
    pod: { metadata: { annotations: {} }, spec: { containers: [APP], initContainers: [], volumes: [] } },
  },
  {
    name: 'with metrics of its own',
    pod: { metadata: { annotations: { 'prometheus.io/port': '9' } }, spec: { containers: [APP] } },
  },
]

for (const { name, pod } of PODS) {
  for (const mode of ['native', 'classic'] as const) {
    t.test(`twice is once and undone is as before: ${name}, ${mode}`, async (t) => {
      const once = injected(pod, { ...OPTIONS, mode })
      t.strictSame(injected(once, { ...OPTIONS, mode }), once)
      const undone = changed(uninject(once))
      t.strictSame(undone, pod)
      t.strictSame(Object.keys(undone), Object.keys(pod), 'in the same order')
      t.strictSame(
        injected(once, { image: 'newer', mode: 'native' }),
        injected(pod, { image: 'newer', mode: 'native' }),
        'an upgrade',
      )
    })
  }
}

t.test('the sidecar understands the settings that injection writes for it', async (t) => {
  const probed = {
    ...APP,
    livenessProbe: { httpGet: { path: '/live', port: 'http', scheme: 'HTTPS' } },
    readinessProbe: { grpc: { port: 1 } },
  }
  const pods = [
    { spec: { containers: [probed] } },
    {
      metadata: {
        annotations: { 'outrigger.dev/capture': 'false', 'outrigger.dev/rewrite-probes': 'false' },
        labels: { app: 'cart' },
      },
      spec: { containers: [APP] },
    },
  ]
  const environment = { POD_NAME: 'cart-1', POD_NAMESPACE: 'shop', POD_SERVICE_ACCOUNT: 'cart', POD_IP: '10.0.0.1' }
  for (const pod of pods) {
    const settings = injected(pod).metadata?.annotations?.['outrigger.dev/sidecar'] ?? ''
    const folder = t.testdir({ 'sidecar.yaml': settings })
    const { config, problems } = await loadConfig([folder], { environment })
    t.strictSame(problems, [])
    t.match(config?.settings.workload, { name: 'cart-1', namespace: 'shop', serviceAccount: 'cart' })
  }
})

t.test('annotations tune it', async (t) => {
  const annotations = {
    'outrigger.dev/capture': 'true',
    'outrigger.dev/exclude-inbound-ports': '22, 9000',
    'outrigger.dev/include-outbound-cidrs': '10.0.0.0/8,fd00::/8',
    'outrigger.dev/image': 'registry:5000/outrigger@sha256:abc',
    'outrigger.dev/memory': '64Mi',
    'outrigger.dev/certificates': 'cart-tls',
    'outrigger.dev/settings': 'logLevel: debug',
    'outrigger.dev/config': 'mine',
    'outrigger.dev/scrape': 'false',
  }
  const { spec, metadata } = injected({ metadata: { annotations }, spec: { containers: [APP] } })
  const [capture, sidecar] = spec.initContainers ?? []
  t.match(capture?.['args'], [
    'capture',
    '--uid',
    '1337',
    '--gid',
    '1337',
    '--exclude-inbound-ports',
    '22,9000',
    '--include-outbound-cidrs',
  ])
  t.equal(sidecar?.['image'], 'registry:5000/outrigger@sha256:abc')
  t.match(sidecar?.['resources'], { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } })
  t.match(metadata?.annotations?.['outrigger.dev/sidecar'], /identity:\n\s+folder: \/etc\/outrigger-certificates/)
  t.equal(metadata?.annotations?.['prometheus.io/scrape'], undefined)
  t.match(spec.volumes, [
    {
      projected: {
        sources: [{ downwardAPI: { items: [{ path: 'sidecar.yaml' }, { path: 'pod.yaml' }] } }, { configMap: { name: 'mine' } }],
      },
    },
    { secret: { secretName: 'cart-tls' } },
  ])
})

t.test('without capture the sidecar is told where the application listens', async (t) => {
  const { spec, metadata } = injected({
    metadata: { annotations: { 'outrigger.dev/capture': 'false' } },
    spec: { containers: [APP] },
  })
  t.same(names(spec.initContainers), ['outrigger'])
  t.match(metadata?.annotations?.['outrigger.dev/sidecar'], /app: 127\.0\.0\.1:8080/)
})

t.test('a Pod may say that it wants none, by annotation or label', async (t) => {
  const no = { 'outrigger.dev/inject': 'false' }
  for (const metadata of [{ annotations: no }, { labels: no }])
    t.match(inject({ metadata, spec: { containers: [APP] } }, OPTIONS), { kind: 'left-alone' })
})

const FLAWS: readonly { name: string; pod: object; says: RegExp }[] = [
  { name: 'is no Pod', pod: { kind: 'x' }, says: /^spec: expected the specification of a Pod/ },
  { name: 'has no containers', pod: { spec: { containers: [] } }, says: /^spec\.containers: .*expected a list/ },
  {
    name: 'shares the network of its node',
    pod: { spec: { hostNetwork: true, containers: [APP] } },
    says: /hostNetwork: a Pod in the network/,
  },
  { name: 'runs Windows', pod: { spec: { os: { name: 'windows' }, containers: [APP] } }, says: /no sidecar for Windows/ },
  {
    name: 'has a container of our name',
    pod: { spec: { containers: [{ name: 'outrigger' }] } },
    says: /containers\.0\.name: the container "outrigger"/,
  },
  {
    name: 'has a volume of our name',
    pod: { spec: { containers: [APP], volumes: [{ name: 'outrigger-config' }] } },
    says: /volumes\.0\.name/,
  },
  {
    name: 'uses a port of ours',
    pod: { spec: { containers: [{ ...APP, ports: [{ containerPort: 15_006 }] }] } },
    says: /port 15006 is the sidecar's own \(inbound\)/,
  },
  {
    name: 'runs as our user, past every policy',
    pod: { spec: { containers: [{ ...APP, securityContext: { runAsUser: 1337 } }] } },
    says: /runAsUser 1337/,
  },
  {
    name: 'runs as our group',
    pod: { spec: { securityContext: { runAsGroup: 1337 }, containers: [APP] } },
    says: /runAsGroup 1337/,
  },
  {
    name: 'misspells an annotation',
    pod: annotated('outrigger.dev/modus', 'native'),
    says: /unknown annotation "outrigger\.dev\/modus"/,
  },
  {
    name: 'asks for a mode that is none',
    pod: annotated('outrigger.dev/mode', 'ambient'),
    says: /expected "native" or "classic", got "ambient"/,
  },
  {
    name: 'asks for a port that is none',
    pod: annotated('outrigger.dev/exclude-inbound-ports', '80,http'),
    says: /expected ports/,
  },
  { name: 'asks for an image that would add a key', pod: annotated('outrigger.dev/image', 'a\nb: c'), says: /expected an image/ },
  { name: 'has a record that was tampered with', pod: annotated(RECORD, '{'), says: /is not as injection wrote it/ },
]

for (const { name, pod, says } of FLAWS)
  t.test(`refuses a Pod that ${name}`, async (t) => t.match(messages(pod).join('\n'), says))

t.test('the changes lead from one to the other, applied one by one', async (t) => {
  for (const { pod } of PODS) {
    const after = injected(pod, { ...OPTIONS, mode: 'classic' })
    t.strictSame(apply(pod as Json, diff(pod as Json, after as unknown as Json)), after)
    t.strictSame(apply(after as unknown as Json, diff(after as unknown as Json, pod as Json)), pod)
  }
})

function annotated(key: string, text: string): object {
  return { metadata: { annotations: { [key]: text } }, spec: { containers: [APP] } }
}

function full(): object {
  return {
    metadata: { name: 'cart', annotations: { mine: 'x' }, labels: { app: 'cart' } },
    spec: {
      initContainers: [{ name: 'migrate', image: 'm' }],
      containers: [
        { ...APP, livenessProbe: { httpGet: { path: '/', port: 8080 } } },
        { name: 'helper', readinessProbe: { tcpSocket: { port: 1 } } },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
      serviceAccountName: 'cart',
    },
  }
}

/** RFC 6902, as the API server does it. */
function apply(value: Json, operations: ReturnType<typeof diff>): Json {
  const copy = structuredClone(value)
  for (const operation of operations) {
    let parent = copy as unknown as Record<string | number, unknown>
    for (const key of operation.path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>
    const last = operation.path.at(-1) as string | number
    if (operation.op === 'remove' && Array.isArray(parent)) parent.splice(Number(last), 1)
    else if (operation.op === 'remove') delete parent[last]
    else if (operation.op === 'add' && Array.isArray(parent)) parent.splice(Number(last), 0, operation.value)
    else parent[last] = operation.value
  }
  return copy
}

t.test('with certificates, callers are told by a label that there is a sidecar, which goes with it', async (t) => {
  const annotations = { 'outrigger.dev/certificates': 'cart-tls' }
  const label = 'security.istio.io/tlsMode'
  for (const labels of [undefined, { app: 'cart' }, { [label]: 'disabled' }]) {
    const pod = { metadata: { ...(labels === undefined ? {} : { labels }), annotations }, spec: { containers: [APP] } }
    const { metadata, spec } = injected(pod)
    t.equal(metadata?.labels?.[label], labels !== undefined && label in labels ? 'disabled' : 'istio')
    t.same(uninject({ metadata, spec }), { kind: 'changed', pod })
  }
  t.equal(injected({ spec: { containers: [APP] } }).metadata?.labels, undefined)
})
