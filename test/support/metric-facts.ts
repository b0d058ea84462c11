// Istio's metrics and the text format as other projects state them, beside the checkout. undefined where they are missing.
import { existsSync, readFileSync } from 'node:fs'

export interface MetricFacts {
  readonly istio: { readonly metrics: readonly { name: string; type: string; labels: string[] }[] }
  readonly cases: readonly MetricCase[]
  readonly envoyHistogramBucketsMs: { readonly bounds: number[] }
  readonly responseFlags: readonly { readonly flag: string; readonly status: number | null }[]
  readonly exposition: { readonly write: readonly WriteCase[] }
}

export interface WorkloadFacts {
  readonly workload: string
  readonly namespace: string
  readonly labels: Record<string, string>
  readonly cluster: string
}

export interface MetricCase {
  readonly id: string
  readonly name: string
  readonly context: {
    readonly client: WorkloadFacts
    readonly server: WorkloadFacts
    readonly service: { host: string; name: string; namespace: string }
    readonly mtls: boolean
    readonly principals?: { client: string; server: string }
  }
  readonly expect: readonly {
    readonly observedAt: string
    readonly metric: string
    readonly labels: Record<string, string>
    readonly value: number
  }[]
}

export interface WriteCase {
  readonly id: string
  readonly family: {
    readonly name: string
    readonly type: string
    readonly help: string
    readonly metrics: readonly {
      readonly labels: readonly [string, string][]
      readonly value?: number | string
      readonly timestampMs?: number
      readonly count?: number
      readonly sum?: number
      readonly buckets?: readonly [number, number][]
    }[]
  }
  readonly text: string
}

export function metricFacts(): MetricFacts | undefined {
  const path = new URL('../../../shared/conformance/metrics.json', import.meta.url)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as MetricFacts) : undefined
}
