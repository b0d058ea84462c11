// Manifests and chart: good for the API by its own schemas, the same in both forms, and what injection makes of a Pod as well.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { groupNames, groupOf } from '../../src/config/dialects/registry.ts'
import { missing } from '../support/programs.ts'
import { PROGRAM } from '../support/sidecar-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const INSTALL = join(ROOT, 'config/kubernetes/install')
const CHART = join(ROOT, 'charts/outrigger')
/** Kinds that no release of Kubernetes has a schema for. */
const FOREIGN = /^(Issuer|Certificate|PodMonitor)$/

interface Hook {
  readonly clientConfig: { readonly caBundle: string }
}

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [key: string]: unknown
}

function documents(text: string): Resource[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Resource | null) ?? [])
}

function kustomize(folder: string): Resource[] {
  return documents(
    execFileSync('kubectl', ['kustomize', join(INSTALL, folder)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
}

function chart(...values: string[]): Resource[] {
  const options = ['template', 'outrigger', CHART, '--namespace', 'outrigger-system', '--kube-version', '1.31.0']
  return documents(execFileSync('helm', [...options, ...values.flatMap((value) => ['--set', value])], { encoding: 'utf8' }))
}

function validate(t: Test, resources: readonly Resource[]): void {
  const known = resources.filter(({ kind }) => !FOREIGN.test(kind))
  const file = join(t.testdir({}), 'resources.yaml')
  writeFileSync(file, known.map((resource) => JSON.stringify(resource)).join('\n---\n'))
  for (const version of ['1.29', '1.37']) {
    const { status, stdout, stderr } = spawnSync('kubernetes-validate', ['--strict', '--no-warn', '-k', version, file], {
      encoding: 'utf8',
    })
    t.equal(status, 0, status === 0 ? version : `${stdout}${stderr}`)
    t.equal((stdout + stderr).match(/ passed /g)?.length, known.length)
  }
}

const byName = (resources: readonly Resource[]): Record<string, Resource> =>
  Object.fromEntries(resources.map((resource) => [`${resource.kind} ${resource.metadata.name}`, resource]))

t.test('kustomize', { skip: missing('kubectl', 'kubernetes-validate') }, async (t) => {
  for (const folder of ['base', 'cert-manager', 'source'])
    t.test(`${folder} is good by the schemas of Kubernetes`, async (t) => validate(t, kustomize(folder)))
  t.test('monitoring is there', async (t) =>
    t.strictSame(
      kustomize('monitoring').map(({ kind }) => kind),
      ['PodMonitor'],
    ),
  )
})

t.test('chart', { skip: missing('helm', 'kubectl', 'kubernetes-validate') }, async (t) => {
  const all = ['source.enabled=true', 'source.namespaces={shop}']
  t.test('is good by the schemas of Kubernetes', async (t) => validate(t, chart(...all)))

  t.test('says the same as the manifests', async (t) => {
    const made = byName(chart(...all, 'certificate.from=certManager', 'podMonitor.enabled=true'))
    const written = byName(['cert-manager', 'source', 'monitoring'].flatMap(kustomize))
    delete written['Namespace outrigger-system']
    t.strictSame(made, written)
  })

  t.test('makes a certificate that its own webhook is believed by', async (t) => {
    const { Secret: secret, Webhook: webhook } = Object.fromEntries(
      chart()
        .filter(({ kind }) => kind === 'Secret' || kind === 'MutatingWebhookConfiguration')
        .map((resource) => [resource.kind === 'Secret' ? 'Secret' : 'Webhook', resource]),
    )
    const data = secret?.['data'] as Record<string, string>
    const [{ clientConfig } = { clientConfig: { caBundle: '' } }] = (webhook?.['webhooks'] ?? []) as Hook[]
    t.equal(clientConfig.caBundle, data['ca.crt'])
    const folder = t.testdir({
      'ca.crt': Buffer.from(data['ca.crt'] as string, 'base64'),
      'tls.crt': Buffer.from(data['tls.crt'] as string, 'base64'),
    })
    const host = ['-verify_hostname', 'outrigger-webhook.outrigger-system.svc']
    t.match(
      execFileSync('openssl', ['verify', ...host, '-CAfile', join(folder, 'ca.crt'), join(folder, 'tls.crt')], {
        encoding: 'utf8',
      }),
      /: OK/,
    )
  })

  t.test('refuses values that mean nothing', async (t) => {
    t.throws(() => chart('certificate.from=nowhere'), { message: /expected helm, certManager or secret, got "nowhere"/ })
    t.throws(() => chart('injection.mode=ambient'), { message: /expected native or classic, got "ambient"/ })
  })
})

t.test('the webhook may do nothing, and what reads the API may only read what is understood', async (t) => {
  const role = readFileSync(join(INSTALL, 'source/role.yaml'), 'utf8')
  const { rules } = documents(role)[0] as unknown as { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] }
  t.ok(rules.every(({ verbs }) => verbs.join() === 'get,list,watch'))
  const readable = rules
    .flatMap(({ apiGroups: [group], resources }) => resources.map((resource) => `${group}/${resource}`))
    .sort()
  const unread = new Set(['/secrets', '/serviceaccounts', 'gateway.networking.k8s.io/gatewayclasses'])
  t.strictSame(
    readable,
    understood().filter((resource) => !unread.has(resource)),
  )
  t.notMatch(readFileSync(join(INSTALL, 'base/webhook.yaml'), 'utf8'), /Role/)
})

/** 'networking.k8s.io/networkpolicies' of every kind that documents may have. */
function understood(): string[] {
  return groupNames()
    .flatMap((group) =>
      Object.entries(groupOf(group)?.kinds ?? {})
        .filter(([, state]) => typeof state === 'object')
        .map(([kind]) => `${group}/${plural(kind.toLowerCase())}`),
    )
    .filter((resource) => !/udproutes|backendtlspolic/.test(resource))
    .sort()
}

function plural(kind: string): string {
  if (/[^aeiou]y$/.test(kind)) return `${kind.slice(0, -1)}ies`
  return kind.endsWith('s') ? `${kind}es` : `${kind}s`
}

const POD = {
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    containers: [
      { name: 'cart', image: 'cart:v1', ports: [{ containerPort: 8080 }], livenessProbe: { tcpSocket: { port: 8080 } } },
    ],
  },
}
const selector = { selector: { matchLabels: { app: 'cart' } } }
const template = { metadata: { labels: { app: 'cart' } }, spec: POD.spec }
const WORKLOADS = [
  { apiVersion: 'v1', kind: 'Pod', ...POD },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: POD.metadata, spec: { ...selector, template } },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: POD.metadata, spec: { ...selector, serviceName: 'cart', template } },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: POD.metadata, spec: { ...selector, template } },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: POD.metadata, spec: { ...selector, template } },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: POD.metadata,
    spec: { template: { ...template, spec: { ...POD.spec, restartPolicy: 'Never' } } },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: POD.metadata,
    spec: {
      schedule: '@daily',
      jobTemplate: { spec: { template: { ...template, spec: { ...POD.spec, restartPolicy: 'Never' } } } },
    },
  },
]

t.test('what has its sidecar', { skip: missing('kubernetes-validate') }, async (t) => {
  for (const mode of ['native', 'classic']) {
    t.test(`is good by the schemas of Kubernetes, ${mode}`, async (t) => {
      const input = WORKLOADS.map((workload) => JSON.stringify(workload)).join('\n---\n')
      const injected = execFileSync(process.execPath, [PROGRAM, 'inject', '-f', '-', '--mode', mode], { input, encoding: 'utf8' })
      const resources = documents(injected)
      t.equal(resources.length, WORKLOADS.length)
      validate(t, resources)
    })
  }
})
