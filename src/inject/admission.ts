// Injection as the Kubernetes API asks for it: AdmissionReview in, AdmissionReview out (admission.k8s.io/v1).
import { formatPath } from '../config/problem.ts'
import { diff, type Json, pointer } from '../core/json-patch.ts'
import { type InjectOptions, inject } from './inject.ts'
import { isMapping } from './pod-template.ts'

export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: { readonly code: number; readonly message: string }
  readonly patchType?: 'JSONPatch'
  /** Base64 of the operations. */
  readonly patch?: string
  readonly warnings?: readonly string[]
}

export interface AdmissionReview {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: AdmissionResponse
}

/** undefined: what was asked is no AdmissionReview. A Pod that cannot have its sidecar is refused, and told why. */
export function review(value: unknown, options: InjectOptions): AdmissionReview | undefined {
  if (!isMapping(value) || value['apiVersion'] !== 'admission.k8s.io/v1' || value['kind'] !== 'AdmissionReview') return undefined
  const request = value['request']
  if (!isMapping(request) || typeof request['uid'] !== 'string') return undefined
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer(request, request['uid'], options) }
}

function answer(request: Readonly<Record<string, unknown>>, uid: string, options: InjectOptions): AdmissionResponse {
  const { object: pod, operation, subResource, kind } = request
  const isPod = isMapping(kind) && kind['group'] === '' && kind['kind'] === 'Pod'
  if (!isPod || operation !== 'CREATE' || (subResource !== undefined && subResource !== '')) return { uid, allowed: true }
  const injection = inject(pod, options)
  switch (injection.kind) {
    case 'left-alone':
      return { uid, allowed: true }
    case 'flawed': {
      const flaws = injection.flaws.map(
        ({ path, message, hint }) => `${formatPath(path)}: ${message}${hint === '' ? '' : ` (${hint})`}`,
      )
      return { uid, allowed: false, status: { code: 400, message: `outrigger: ${flaws.join('; ')}` } }
    }
    case 'changed': {
      const steps = diff(pod as Json, injection.pod as unknown as Json).map((step) => ({ ...step, path: pointer(step.path) }))
      if (steps.length === 0) return { uid, allowed: true }
      return { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(steps)).toString('base64') }
    }
  }
}
