// Endpoints that stand in the configuration.
import type { EndpointConfig } from '../config/schema/services.ts'
import type { EndpointSource, OnEndpoints, SourceState } from './source.ts'

export class StaticSource implements EndpointSource {
  readonly #endpoints: readonly EndpointConfig[]

  constructor(endpoints: readonly EndpointConfig[]) {
    this.#endpoints = endpoints
  }

  start(onEndpoints: OnEndpoints): void {
    onEndpoints(this.#endpoints)
  }

  close(): void {}

  state(): SourceState {
    const status = this.#endpoints.length > 0 ? 'ready' : 'empty'
    return { kind: 'static', status, name: '', endpoints: this.#endpoints, standby: [], error: '', refreshInMs: undefined }
  }
}
