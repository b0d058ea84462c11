// Annotations of a Pod that tune its sidecar or leave it out: one table for reading, messages and documentation.
import { didYouMean } from '../config/nearest.ts'
import { quote } from '../config/problem.ts'

export const PREFIX = 'outrigger.dev/'
/** What injection has done, for doing it again and for taking it back. */
export const RECORD = `${PREFIX}injected`
/** The settings that injection wrote for the sidecar. */
export const SIDECAR_SETTINGS = `${PREFIX}sidecar`

interface AnnotationSpec<T> {
  /** What it takes, in a user's words. */
  readonly takes: string
  readonly byDefault: string
  readonly doc: string
  /** undefined: not understood. */
  read(text: string): T | undefined
}

const QUANTITY = /^\d+(\.\d+)?(m|[kKMGT]i?)?$/
const IMAGE = /^[\w][\w.\-/:@]*$/
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const CIDR = /^[0-9a-fA-F.:]+\/\d{1,3}$/

const flag = (byDefault: string, doc: string): AnnotationSpec<boolean> => ({
  takes: '`true` or `false`',
  byDefault,
  doc,
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
})

const text = (takes: string, byDefault: string, pattern: RegExp, doc: string): AnnotationSpec<string> => ({
  takes,
  byDefault,
  doc,
  read: (value) => (pattern.test(value) ? value : undefined),
})

const ports = (byDefault: string, doc: string): AnnotationSpec<readonly number[]> => ({
  takes: 'ports, such as `8080,9090`',
  byDefault,
  doc,
  read(value) {
    const found = split(value).map(Number)
    return found.every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535) ? found : undefined
  },
})

const cidrs = (byDefault: string, doc: string): AnnotationSpec<readonly string[]> => ({
  takes: 'address ranges, such as `10.0.0.0/8,fd00::/8`',
  byDefault,
  doc,
  read: (value) => (split(value).every((cidr) => CIDR.test(cidr)) ? split(value) : undefined),
})

// biome-ignore format: a table reads best with a row on a line
export const ANNOTATIONS = {
  inject: flag('true', 'Whether the Pod gets a sidecar; may stand as a label as well.'),
  mode: { takes: '`native` or `classic`', byDefault: 'as `--mode` says', doc: 'An init container that keeps running (Kubernetes 1.29 or newer), or a container beside the others.', read: (value: string) => (value === 'native' || value === 'classic' ? value : undefined) },
  image: text('an image', 'as `--image` says', IMAGE, 'Image of the sidecar.'),
  config: text('a name', '`outrigger`', NAME, 'ConfigMap in the namespace of the Pod with further documents; it need not be there.'),
  settings: text('settings as YAML', '', /[^]/, 'Settings for this Pod alone, beside those of the ConfigMap. They follow a change of the annotation, and cannot say again what injection has said: admin, telemetry, the workload.'),
  certificates: text('a name', '', NAME, 'Secret with tls.crt, tls.key and ca.crt: the identity of the workload.'),
  kubernetes: flag('false', 'Whether the sidecar reads documents from the Kubernetes API as well; its service account needs the role outrigger-source.'),
  capture: flag('true', "Whether the Pod's traffic is sent through the sidecar without its knowing."),
  'include-inbound-ports': ports('all', 'Only these ports are captured.'),
  'exclude-inbound-ports': ports('', 'These ports are left alone.'),
  'exclude-outbound-ports': ports('', 'Calls to these ports are left alone.'),
  'include-outbound-cidrs': cidrs('all', 'Only calls to these ranges are captured.'),
  'exclude-outbound-cidrs': cidrs('', 'Calls to these ranges are left alone.'),
  'rewrite-probes': flag('true', "Whether the kubelet's probes of the application go through the sidecar, which capture and strict mutual TLS would otherwise break."),
  'hold-application': flag('true', 'Whether the application starts only when the sidecar is ready.'),
  scrape: flag('true', 'Whether the Pod gets the annotations by which Prometheus finds the sidecar.'),
  cpu: text('a quantity', '`50m`', QUANTITY, 'CPU that the sidecar asks for.'),
  memory: text('a quantity', '`128Mi`', QUANTITY, 'Memory that the sidecar asks for.'),
  'cpu-limit': text('a quantity', '', QUANTITY, 'Most CPU that it may take.'),
  'memory-limit': text('a quantity', '`512Mi`', QUANTITY, 'Most memory that it may take.'),
} as const satisfies Record<string, AnnotationSpec<unknown>>

type Table = typeof ANNOTATIONS
export type Tuning = { readonly [K in keyof Table]?: NonNullable<ReturnType<Table[K]['read']>> }

export interface Flaw {
  /** Keys that lead to it, within the Pod. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
}

/** Those of ours among a Pod's annotations. */
export function readTuning(annotations: Readonly<Record<string, unknown>>, flaws: Flaw[]): Tuning {
  const tuning: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX) || key === RECORD || key === SIDECAR_SETTINGS) continue
    const name = key.slice(PREFIX.length)
    const path = ['metadata', 'annotations', key]
    if (!Object.hasOwn(ANNOTATIONS, name)) {
      flaws.push({ path, message: `unknown annotation ${quote(key)}`, hint: hintFor(name) })
      continue
    }
    const spec: AnnotationSpec<unknown> = ANNOTATIONS[name as keyof Table]
    const read = typeof value === 'string' ? spec.read(value.trim()) : undefined
    if (read !== undefined) tuning[name] = read
    else flaws.push({ path, message: `expected ${spec.takes.replaceAll('`', '"')}, got ${quote(value)}`, hint: '' })
  }
  return tuning
}

function hintFor(name: string): string {
  return didYouMean(name, Object.keys(ANNOTATIONS)).replaceAll(/"([^"]+)"/g, `"${PREFIX}$1"`)
}

function split(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
