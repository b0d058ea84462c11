// The sidecar as a container of a Pod: what it runs, what it may do, what it mounts.
import { formatYaml } from '../config/document.ts'
import { PREFIX, SIDECAR_SETTINGS, type Tuning } from './annotations.ts'
import type { Container, PodTemplate } from './pod-template.ts'
import { type AppProbe, PROBES_PORT } from './probes.ts'

export const SIDECAR = 'outrigger'
export const CAPTURE = 'outrigger-capture'
export const CONFIG_VOLUME = 'outrigger-config'
export const CERTIFICATES_VOLUME = 'outrigger-certificates'
/** As Istio's proxy: what its user sends is not captured. */
export const USER = 1337
export const PORTS = { admin: 15_000, outbound: 15_001, inbound: 15_006, telemetry: PROBES_PORT } as const

const CONFIG_FOLDER = '/etc/outrigger'
const CERTIFICATES_FOLDER = '/etc/outrigger-certificates'
/** How the image starts the program. */
const PROGRAM = ['/usr/local/bin/node', '/outrigger/bin/outrigger.js']

export interface SidecarPlan {
  readonly image: string
  readonly mode: 'native' | 'classic'
  readonly tuning: Tuning
}

/** The settings that belong to this Pod, as a document. */
export function sidecarSettings(pod: PodTemplate, { tuning }: SidecarPlan, probes: readonly AppProbe[]): string {
  const captured = tuning.capture !== false
  return formatYaml({
    workload: {
      name: '${POD_NAME}',
      namespace: '${POD_NAMESPACE}',
      serviceAccount: '${POD_SERVICE_ACCOUNT}',
      labels: pod.metadata?.labels ?? {},
    },
    listeners: {
      inbound: [{ listen: `:${PORTS.inbound}`, ...(captured ? { captured } : { app: `127.0.0.1:${firstPort(pod)}` }) }],
      outbound: [captured ? { listen: `:${PORTS.outbound}`, captured } : { listen: `127.0.0.1:${PORTS.outbound}` }],
    },
    telemetry: {
      listen: `:${PORTS.telemetry}`,
      ...(probes.length > 0 ? { probes: probes.map((probe) => ({ ...probe, host: '${POD_IP}' })) } : {}),
    },
    admin: { listen: `127.0.0.1:${PORTS.admin}` },
    ...(tuning.certificates === undefined ? {} : { identity: { folder: CERTIFICATES_FOLDER } }),
  })
}

export function sidecarContainer(plan: SidecarPlan): Container {
  const { image, mode, tuning } = plan
  const native = mode === 'native'
  const hold = tuning['hold-application'] !== false
  const ready = { httpGet: { path: '/healthz/ready', port: PORTS.telemetry } }
  return {
    name: SIDECAR,
    image,
    ...(native ? { restartPolicy: 'Always' } : {}),
    args: ['run', ...(tuning.kubernetes === true ? ['--kubernetes'] : []), '--config', CONFIG_FOLDER],
    env: [field('POD_NAME', 'metadata.name'), field('POD_NAMESPACE', 'metadata.namespace'), ...identityFields()],
    ports: [
      { name: 'outrigger-in', containerPort: PORTS.inbound },
      { name: 'outrigger-stats', containerPort: PORTS.telemetry },
    ],
    ...(native && hold ? { startupProbe: { ...ready, periodSeconds: 1, failureThreshold: 120 } } : {}),
    readinessProbe: { ...ready, periodSeconds: 2, failureThreshold: 5 },
    livenessProbe: { httpGet: { path: '/healthz/live', port: PORTS.telemetry }, periodSeconds: 10, failureThreshold: 6 },
    // containers start one after the other, each when the hook of the one before has come back
    ...(!native && hold ? { lifecycle: { postStart: { exec: { command: [...PROGRAM, 'wait', '--timeout', '2m'] } } } } : {}),
    resources: resources(tuning),
    securityContext: { ...UNPRIVILEGED, runAsUser: USER, runAsGroup: USER, runAsNonRoot: true },
    volumeMounts: [
      { name: CONFIG_VOLUME, mountPath: CONFIG_FOLDER, readOnly: true },
      ...(tuning.certificates === undefined
        ? []
        : [{ name: CERTIFICATES_VOLUME, mountPath: CERTIFICATES_FOLDER, readOnly: true }]),
    ],
  }
}

/** The one container that may change the Pod's network, and is gone when it has. */
export function captureContainer({ image, tuning }: SidecarPlan): Container {
  const options = CAPTURE_OPTIONS.flatMap((name) => {
    const values: readonly (string | number)[] | undefined = tuning[name]
    return values === undefined ? [] : [`--${name}`, values.join(',')]
  })
  return {
    name: CAPTURE,
    image,
    args: ['capture', '--uid', String(USER), '--gid', String(USER), ...options],
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      ...UNPRIVILEGED,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
    },
  }
}

export function volumes({ tuning }: SidecarPlan): Container[] {
  const items = [fromPod(SIDECAR_SETTINGS, 'sidecar.yaml')]
  if (tuning.settings !== undefined) items.push(fromPod(`${PREFIX}settings`, 'pod.yaml'))
  const config = { name: tuning.config ?? 'outrigger', optional: true }
  const { certificates } = tuning
  return [
    { name: CONFIG_VOLUME, projected: { sources: [{ downwardAPI: { items } }, { configMap: config }] } },
    ...(certificates === undefined ? [] : [{ name: CERTIFICATES_VOLUME, secret: { secretName: certificates } }]),
  ]
}

/** An annotation of the Pod as a file; the kubelet follows its changes. */
function fromPod(annotation: string, path: string): object {
  return { path, fieldRef: { fieldPath: `metadata.annotations['${annotation}']` } }
}

const CAPTURE_OPTIONS = [
  'include-inbound-ports',
  'exclude-inbound-ports',
  'exclude-outbound-ports',
  'include-outbound-cidrs',
  'exclude-outbound-cidrs',
] as const satisfies readonly (keyof Tuning)[]

const UNPRIVILEGED = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const

function field(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { fieldPath } } }
}

function identityFields(): object[] {
  return [field('POD_SERVICE_ACCOUNT', 'spec.serviceAccountName'), field('POD_IP', 'status.podIP')]
}

function resources(tuning: Tuning): object {
  const cpuLimit = tuning['cpu-limit']
  return {
    requests: { cpu: tuning.cpu ?? '50m', memory: tuning.memory ?? '128Mi' },
    limits: { ...(cpuLimit === undefined ? {} : { cpu: cpuLimit }), memory: tuning['memory-limit'] ?? '512Mi' },
  }
}

/** Where the application listens, as its first container says. */
function firstPort(pod: PodTemplate): number {
  for (const { ports } of pod.spec.containers) {
    for (const port of Array.isArray(ports) ? (ports as { containerPort?: unknown }[]) : []) {
      if (typeof port.containerPort === 'number') return port.containerPort
    }
  }
  return 8080
}
