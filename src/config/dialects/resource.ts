// A Kubernetes-style resource as a document holds it, and the kinds that this program reads.
import { z } from 'zod'
import type { SourceDocument } from '../document.ts'
import type { Path, Place } from '../problem.ts'
import { label, name as objectName } from '../types.ts'

/** A kind that is read: where it belongs and what it may look like. */
export interface Kind<S extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly namespaced: boolean
  /** Of those of its group the ones that it has; left out: all. */
  readonly versions?: readonly string[]
  readonly schema: S
}

export interface Resource<T = unknown> {
  readonly group: string
  readonly kind: string
  readonly name: string
  /** '' for kinds without one. */
  readonly namespace: string
  readonly value: T
  readonly document: SourceDocument
  /** Where the resource begins in its document. */
  readonly base: Path
}

/** Of core kinds only what is needed is read. Names are as the API server would have them, whoever wrote the document. */
export const metadata = z.object({
  name: objectName(),
  namespace: label().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
})

/** Of Istio's policies, whose names are words in logs and nothing else: also such as only other stores of documents take. */
export const policyMetadata = metadata.extend({
  name: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?$/, { error: 'expected a name of letters, digits, "-", "_" and "."' }),
})

/** All resources, by kind. */
export class Resources {
  readonly #byKind = new Map<Kind, Resource[]>()

  add(kind: Kind, resource: Resource): void {
    const list = this.#byKind.get(kind)
    if (list === undefined) this.#byKind.set(kind, [resource])
    else list.push(resource)
  }

  of<S extends z.ZodType>(kind: Kind<S>): readonly Resource<z.output<S>>[] {
    return (this.#byKind.get(kind) ?? []) as Resource<z.output<S>>[]
  }
}

/** Place of what stands at `path` within a resource. */
export function placeIn(resource: Resource, path: Path = []): Place {
  return resource.document.at([...resource.base, ...path])
}
