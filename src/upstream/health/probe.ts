// One health check: a connection of its own to the endpoint, secured and spoken as traffic is, and one request on it.
import type { RequestHead, ResponseHead } from '../../codec/message.ts'
import {
  type UpstreamConnection,
  type UpstreamConnectionOwner,
  type UpstreamReceiver,
  WRITTEN,
  type WriteResult,
} from '../../codec/stream.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import { Fields } from '../../core/fields.ts'
import { isServing, serviceRequest } from '../../core/grpc-health.ts'
import type { Finding, HealthConfig } from './checker.ts'

export interface ProbeDeps {
  readonly clock: Clock
  readonly config: HealthConfig
  /** Host to name where the configuration names none. */
  readonly host: string
  readonly http2: boolean
  readonly dial: (owner: UpstreamConnectionOwner) => UpstreamConnection
}

/** Answers of more bytes than a health service has reason to send are cut. */
const MOST_BYTES = 65_536

export function probe(deps: ProbeDeps, done: (finding: Finding) => void): Cancel {
  const check = new Check(deps, done)
  return () => check.cancel()
}

class Check implements UpstreamConnectionOwner, UpstreamReceiver {
  readonly #deps: ProbeDeps
  readonly #done: (finding: Finding) => void
  readonly #connection: UpstreamConnection
  readonly #timeout: Cancel
  #over = false
  #status = 0
  readonly #body: Buffer[] = []
  #bytes = 0

  constructor(deps: ProbeDeps, done: (finding: Finding) => void) {
    this.#deps = deps
    this.#done = done
    this.#timeout = deps.clock.after(deps.config.timeout, () => this.#end('no answer in time'))
    this.#connection = deps.dial(this)
  }

  cancel(): void {
    if (this.#over) return
    this.#over = true
    this.#timeout()
    this.#connection.destroy('draining')
  }

  onReady(connection: UpstreamConnection): void {
    const { config } = this.#deps
    if (config.type === 'tcp') {
      this.#end('')
      return
    }
    const stream = connection.begin(this)
    if (config.type === 'http') {
      stream.send(this.#head('GET', config.path, new Fields()), true)
      return
    }
    const fields = Fields.of(['content-type', 'application/grpc'], ['te', 'trailers'])
    stream.send(this.#head('POST', '/grpc.health.v1.Health/Check', fields), false)
    stream.write(serviceRequest(config.service))
    stream.end()
  }

  onIdle(): void {}

  onGone(_connection: UpstreamConnection, code: FailureCode, detail: string): void {
    this.#end(detail === '' ? code : detail)
  }

  onInform(): void {}

  onResponse({ status, fields }: ResponseHead, end: boolean): void {
    const { config } = this.#deps
    this.#status = status
    if (config.type === 'http') this.#end(config.statuses.includes(status) ? '' : `status ${status}`)
    else if (end || status !== 200) this.#end(`status ${status}, gRPC status ${fields.get('grpc-status') ?? 'none'}`)
  }

  onResponseData(chunk: Uint8Array): WriteResult {
    this.#bytes += chunk.length
    if (this.#bytes > MOST_BYTES) this.#end('too long an answer')
    else this.#body.push(Buffer.from(chunk))
    return WRITTEN
  }

  onResponseEnd(trailers?: Fields): void {
    const grpcStatus = trailers?.get('grpc-status') ?? 'none'
    if (grpcStatus !== '0') this.#end(`status ${this.#status}, gRPC status ${grpcStatus}`)
    else this.#end(isServing(Buffer.concat(this.#body)) ? '' : 'not serving')
  }

  onRequestDrain(): void {}

  onUpstreamFailure(code: FailureCode, detail: string): void {
    this.#end(detail === '' ? code : detail)
  }

  #end(finding: Finding): void {
    if (this.#over) return
    this.cancel()
    this.#done(finding)
  }

  #head(method: string, path: string, fields: Fields): RequestHead {
    const { config, host, http2 } = this.#deps
    const authority = config.host ?? host
    if (!http2) fields.push('host', 'host', authority)
    fields.push('user-agent', 'user-agent', 'outrigger-health')
    return {
      version: http2 ? '2' : '1.1',
      method,
      scheme: 'http',
      authority,
      path,
      fields,
      bodyLength: method === 'GET' ? 0 : -1,
      upgrade: '',
      acceptsTrailers: config.type === 'grpc',
      expectsContinue: false,
      absolute: false,
    }
  }
}
