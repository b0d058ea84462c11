// A Pod with its sidecar, and without it again. Plain values in, plain values out: the command and the webhook call the same.

import { HAS_SIDECAR, SIDECAR_LABEL } from '../core/sidecar-label.ts'
import { ANNOTATIONS, type Flaw, PREFIX, RECORD, readTuning, SIDECAR_SETTINGS, type Tuning } from './annotations.ts'
import { findConflicts } from './conflicts.ts'
import { type Container, isMapping, type PodSpec, type PodTemplate, readPodTemplate } from './pod-template.ts'
import { isProbe, type Original, PROBES_PORT, restoreProbes, rewriteProbes } from './probes.ts'
import {
  CAPTURE,
  CERTIFICATES_VOLUME,
  CONFIG_VOLUME,
  captureContainer,
  SIDECAR,
  type SidecarPlan,
  sidecarContainer,
  sidecarSettings,
  volumes,
} from './sidecar.ts'

export interface InjectOptions {
  readonly image: string
  readonly mode: 'native' | 'classic'
}

export type Injection =
  | { readonly kind: 'changed'; readonly pod: PodTemplate }
  /** Nothing is to be done; why. */
  | { readonly kind: 'left-alone'; readonly why: string }
  | { readonly kind: 'flawed'; readonly flaws: readonly Flaw[] }

/** What was done to a Pod, kept in an annotation of it. */
interface Record {
  readonly probes: readonly Original[]
  readonly annotations: readonly string[]
  /** Left out by older versions. */
  readonly labels?: readonly string[]
  /** Keys that the Pod did not have before. */
  readonly made: readonly ('metadata' | 'annotations' | 'labels' | 'initContainers' | 'volumes')[]
}

const SCRAPE = { scrape: 'true', port: String(PROBES_PORT), path: '/metrics' } as const
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** Doing it again, with the same or another version, comes to what doing it once comes to. */
export function inject(value: unknown, options: InjectOptions): Injection {
  const flaws: Flaw[] = []
  const given = readPodTemplate(value, flaws)
  if (given === undefined) return { kind: 'flawed', flaws }
  const pod = removeFrom(given, flaws)
  const tuning = readTuning(pod.metadata?.annotations ?? {}, flaws)
  if (flaws.length === 0 && !isWanted(pod, tuning)) return { kind: 'left-alone', why: `${PREFIX}inject is "false"` }
  findConflicts(pod, flaws)
  if (flaws.length > 0) return { kind: 'flawed', flaws }
  return { kind: 'changed', pod: addTo(pod, { image: tuning.image ?? options.image, mode: tuning.mode ?? options.mode, tuning }) }
}

/** The Pod as it was before. */
export function uninject(value: unknown): Injection {
  const flaws: Flaw[] = []
  const given = readPodTemplate(value, flaws)
  if (given === undefined) return { kind: 'flawed', flaws }
  if (given.metadata?.annotations?.[RECORD] === undefined) return { kind: 'left-alone', why: 'it has no sidecar of ours' }
  const pod = removeFrom(given, flaws)
  return flaws.length > 0 ? { kind: 'flawed', flaws } : { kind: 'changed', pod }
}

function isWanted({ metadata }: PodTemplate, tuning: Tuning): boolean {
  return tuning.inject ?? ANNOTATIONS.inject.read(metadata?.labels?.[`${PREFIX}inject`] ?? '') ?? true
}

function addTo(pod: PodTemplate, plan: SidecarPlan): PodTemplate {
  const { spec } = pod
  const { tuning, mode } = plan
  const { containers, originals, probes } =
    tuning['rewrite-probes'] === false
      ? { containers: spec.containers, originals: [], probes: [] }
      : rewriteProbes(spec.containers)
  const sidecar = sidecarContainer(plan)
  const capture = tuning.capture === false ? [] : [captureContainer(plan)]
  const before = spec.initContainers ?? []
  // init containers of the application can speak through a native sidecar; a classic one is not there yet
  const initContainers = mode === 'native' ? [...capture, sidecar, ...before] : [...before, ...capture]
  const annotations = annotationsFor(pod, plan)
  const labels = labelsFor(pod, plan)
  const made: Record['made'] = [
    ...(pod.metadata === undefined ? (['metadata'] as const) : []),
    ...(pod.metadata?.annotations === undefined ? (['annotations'] as const) : []),
    ...(pod.metadata?.labels === undefined ? (['labels'] as const) : []),
    ...(spec.initContainers === undefined ? (['initContainers'] as const) : []),
    ...(spec.volumes === undefined ? (['volumes'] as const) : []),
  ]
  const record: Record = { probes: originals, annotations: Object.keys(annotations), labels: Object.keys(labels), made }
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(Object.keys(labels).length === 0 ? {} : { labels: { ...pod.metadata?.labels, ...labels } }),
      annotations: {
        ...pod.metadata?.annotations,
        ...annotations,
        [SIDECAR_SETTINGS]: sidecarSettings(pod, plan, probes),
        [RECORD]: JSON.stringify(record),
      },
    },
    spec: {
      ...spec,
      ...(initContainers.length > 0 || spec.initContainers !== undefined ? { initContainers } : {}),
      containers: mode === 'native' ? containers : [sidecar, ...containers],
      volumes: [...(spec.volumes ?? []), ...volumes(plan)],
    },
  }
}

/** Those that the Pod does not have already. */
function annotationsFor({ metadata, spec }: PodTemplate, { tuning, mode }: SidecarPlan): { [name: string]: string } {
  const present = metadata?.annotations ?? {}
  const found: { [name: string]: string } = {}
  // whoever has told Prometheus where to look has the application's own metrics
  if (tuning.scrape !== false && present['prometheus.io/scrape'] === undefined && present['prometheus.io/port'] === undefined) {
    for (const [key, text] of Object.entries(SCRAPE))
      if (present[`prometheus.io/${key}`] === undefined) found[`prometheus.io/${key}`] = text
  }
  if (mode === 'classic' && present[DEFAULT_CONTAINER] === undefined)
    found[DEFAULT_CONTAINER] = (spec.containers[0] as Container).name
  return found
}

/** With certificates it takes mutual TLS: callers should know. Who has said something of that already knows better. */
function labelsFor({ metadata }: PodTemplate, { tuning }: SidecarPlan): { [name: string]: string } {
  return tuning.certificates === undefined || metadata?.labels?.[SIDECAR_LABEL] !== undefined
    ? {}
    : { [SIDECAR_LABEL]: HAS_SIDECAR }
}

function removeFrom(pod: PodTemplate, flaws: Flaw[]): PodTemplate {
  const text = pod.metadata?.annotations?.[RECORD]
  if (text === undefined) return pod
  const record = readRecord(text)
  if (record === undefined) {
    flaws.push({ path: ['metadata', 'annotations', RECORD], message: `${RECORD} is not as injection wrote it`, hint: '' })
    return pod
  }
  const { metadata, spec } = pod
  const annotations = without(metadata?.annotations ?? {}, [...record.annotations, RECORD, SIDECAR_SETTINGS])
  const labels = without(metadata?.labels ?? {}, record.labels ?? [])
  const bare = (key: 'annotations' | 'labels' | 'metadata', of: object): boolean =>
    record.made.includes(key) && Object.keys(of).length === 0
  const full = { ...metadata, annotations, ...(metadata?.labels ? { labels } : {}) }
  const meta = without(full, [
    ...(bare('annotations', annotations) ? ['annotations'] : []),
    ...(bare('labels', labels) ? ['labels'] : []),
  ])
  const { metadata: _gone, ...rest } = pod
  const cleaned = { ...rest, spec: withoutOwn(spec, record) }
  return bare('metadata', meta) ? cleaned : inOrder(pod, { ...cleaned, metadata: meta })
}

function withoutOwn(spec: PodSpec, { probes, made }: Record): PodSpec {
  const initContainers = othersOf(spec.initContainers)
  const kept = (spec.volumes ?? []).filter(({ name }) => name !== CONFIG_VOLUME && name !== CERTIFICATES_VOLUME)
  const drop = (key: 'initContainers' | 'volumes', list: readonly unknown[]): string[] =>
    made.includes(key) && list.length === 0 ? [key] : []
  const changed: PodSpec = {
    ...spec,
    ...(spec.initContainers === undefined ? {} : { initContainers }),
    containers: restoreProbes(othersOf(spec.containers), probes),
    ...(spec.volumes === undefined ? {} : { volumes: kept }),
  }
  return without(changed, [...drop('initContainers', initContainers), ...drop('volumes', kept)])
}

function othersOf(list: readonly Container[] | undefined): Container[] {
  return (list ?? []).filter(({ name }) => name !== SIDECAR && name !== CAPTURE)
}

function readRecord(text: string): Record | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isMapping(value)) return undefined
    const { probes, annotations, labels = [], made } = value
    if (!Array.isArray(probes) || !probes.every(isOriginal)) return undefined
    return [annotations, labels, made].every(isNames) ? (value as unknown as Record) : undefined
  } catch {
    return undefined
  }
}

/** Whoever makes a Pod may write what they like into its annotations. */
function isOriginal(value: unknown): boolean {
  return isMapping(value) && typeof value['container'] === 'string' && isProbe(value['probe']) && isMapping(value['was'])
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function without<T extends object>(value: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as T
}

/** Keys in the order of the Pod that it is made from. */
function inOrder(like: PodTemplate, pod: PodTemplate): PodTemplate {
  return Object.fromEntries(Object.keys(like).map((key) => [key, pod[key]])) as unknown as PodTemplate
}
