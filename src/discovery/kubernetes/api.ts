// Asks the Kubernetes API: lists and watches, and nothing else. The door to undici.
import { Agent, request } from 'undici'
import type { Cluster } from './cluster.ts'

/** What was asked was not given. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0: there was no answer. */
  readonly status: number
  /** 0: nothing was said of it. */
  readonly retryAfterMs: number

  constructor(status: number, message: string, retryAfterMs = 0, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

export interface ApiObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly [key: string]: unknown
  }
  readonly [key: string]: unknown
}

export interface ListPage {
  readonly items: readonly ApiObject[]
  readonly resourceVersion: string
  /** Where the next page begins; '' after the last one. */
  readonly next: string
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: ApiObject & { readonly code?: number; readonly message?: string }
}

export type Query = Readonly<Record<string, string>>

const ANSWER_MS = 30_000
/** A watch is ended by the server after this time; silence for longer means that it is lost. */
const WATCH_SECONDS = 300
const SILENCE_MS = (WATCH_SECONDS + 30) * 1000
const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024

export class Api {
  readonly #cluster: Cluster
  readonly #agent: Agent

  constructor(cluster: Cluster) {
    const { ca, certificate } = cluster
    this.#cluster = cluster
    this.#agent = new Agent({ connections: 64, connect: { ...(ca === undefined ? {} : { ca }), ...certificate } })
  }

  /** Any path; throws an ApiError. */
  async get(path: string, query: Query = {}): Promise<Record<string, unknown>> {
    const { body } = await this.#ask(path, query, { silenceMs: ANSWER_MS })
    try {
      return (await body.json()) as Record<string, unknown>
    } catch (error) {
      throw broken(error)
    }
  }

  async list(path: string, query: Query): Promise<ListPage> {
    const { items, metadata } = (await this.get(path, query)) as {
      items?: ApiObject[] | null
      metadata?: { resourceVersion?: string; continue?: string }
    }
    return { items: items ?? [], resourceVersion: metadata?.resourceVersion ?? '', next: metadata?.continue ?? '' }
  }

  /** Resolves when the server ends it; throws an ApiError. */
  async watch(path: string, query: Query, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void> {
    const all = { ...query, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS) }
    const { body } = await this.#ask(path, all, { silenceMs: SILENCE_MS, signal })
    const lines = new Lines(onEvent)
    try {
      for await (const chunk of body) lines.push(chunk as Uint8Array)
    } catch (error) {
      throw error instanceof ApiError ? error : broken(error)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask(path: string, query: Query, { silenceMs, signal }: { silenceMs: number; signal?: AbortSignal }) {
    let response: Awaited<ReturnType<typeof request>>
    try {
      const token = this.#cluster.token()
      response = await request(`${this.#cluster.server}${path}?${new URLSearchParams(query).toString()}`, {
        dispatcher: this.#agent,
        headers: {
          accept: 'application/json',
          'user-agent': 'outrigger',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        headersTimeout: ANSWER_MS,
        bodyTimeout: silenceMs,
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      throw broken(error)
    }
    const { statusCode, headers, body } = response
    if (statusCode === 200) return response
    const said = await body.text().catch(() => '')
    const seconds = Number(headers['retry-after'] ?? 0)
    throw new ApiError(statusCode, `${statusCode} ${messageOf(said)}`, Number.isFinite(seconds) ? seconds * 1000 : 0)
  }
}

/** Events of a watch, one JSON object a line. */
class Lines {
  readonly #onEvent: (event: WatchEvent) => void
  readonly #decoder = new TextDecoder()
  #text = ''

  constructor(onEvent: (event: WatchEvent) => void) {
    this.#onEvent = onEvent
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#text + this.#decoder.decode(chunk, { stream: true })).split('\n')
    this.#text = lines.pop() as string
    for (const line of lines) if (line !== '') this.#onEvent(JSON.parse(line) as WatchEvent)
    if (this.#text.length > MAX_EVENT_CHARACTERS) throw new ApiError(0, 'an event that does not end')
  }
}

/** Of a Status object (meta/v1), or what else was said, shortened. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // a proxy in between speaks no JSON
  }
  return text.slice(0, 200).replaceAll(/\s+/g, ' ')
}

function broken(error: unknown): ApiError {
  const { message, code } = error as Error & { code?: string }
  return new ApiError(0, code === undefined || message.includes(code) ? message : `${message} (${code})`, 0, { cause: error })
}
