// The pages of the admin: what can be asked and done, each with the words that the index shows.
import { redact } from '../config/secrets.ts'
import type { AdminView } from './view.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
  /** Runs when the answer has left. */
  readonly afterwards?: () => void
}

export interface Page {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Query that the words are about. */
  readonly query?: string
  readonly words: string
  answer(view: AdminView, query: URLSearchParams): Answer
}

const ok = (body: unknown): Answer => ({ status: 200, body })

export const PAGES: readonly Page[] = [
  { method: 'GET', path: '/ready', words: 'whether traffic may come, and what is missing', answer: ready },
  { method: 'GET', path: '/live', words: 'answers as long as the event loop turns', answer: () => ok({ live: true }) },
  { method: 'GET', path: '/config', words: 'settings as loaded, without secrets', answer: (view) => ok(redact(view.settings())) },
  {
    method: 'GET',
    path: '/services',
    query: '?service=TEXT',
    words: 'services with their endpoints and state',
    answer: services,
  },
  {
    method: 'GET',
    path: '/connections',
    words: 'downstream connections that are open',
    answer: (view) => ok(view.connections()),
  },
  {
    method: 'GET',
    path: '/reloads',
    words: 'the serving configuration and the problems of the newest',
    answer: (view) => ok(view.reloads()),
  },
  { method: 'GET', path: '/certs', words: 'certificates and when they end', answer: (view) => ok(view.certificates()) },
  { method: 'GET', path: '/logging', words: 'level of the own log', answer: (view) => ok({ level: view.logLevel() }) },
  {
    method: 'POST',
    path: '/logging',
    query: '?level=debug',
    words: 'changes it: trace, debug, info, warn, error or silent',
    answer: setLevel,
  },
  { method: 'POST', path: '/drain', words: 'unready at once, finishes what is under way', answer: drain },
  { method: 'POST', path: '/quitquitquit', words: 'drains, then ends the process', answer: quit },
]

/** Written piece by piece, by the server itself. */
export const STATS_PATH = '/stats'

function ready(view: AdminView): Answer {
  const readiness = view.readiness()
  return { status: readiness.ready ? 200 : 503, body: readiness }
}

function services(view: AdminView, query: URLSearchParams): Answer {
  const part = query.get('service') ?? ''
  return ok(view.services().filter(({ service }) => service.includes(part)))
}

function setLevel(view: AdminView, query: URLSearchParams): Answer {
  const level = query.get('level')
  if (level === null) return { status: 400, body: { error: 'name the level: /logging?level=debug' } }
  if (!view.setLogLevel(level))
    return { status: 400, body: { error: `no such level: ${level}; there are trace, debug, info, warn, error, silent` } }
  return ok({ level: view.logLevel() })
}

function drain(view: AdminView): Answer {
  view.drain()
  return ok({ draining: true })
}

function quit(view: AdminView): Answer {
  return { status: 200, body: { stopping: true }, afterwards: () => view.quit() }
}
