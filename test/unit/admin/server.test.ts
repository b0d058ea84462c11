import { request } from 'node:http'
import t, { type Test } from 'tap'
import { PAGES } from '../../../src/admin/pages.ts'
import { AdminServer } from '../../../src/admin/server.ts'
import type { AdminView } from '../../../src/admin/view.ts'

interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}

async function setUp(t: Test, parts: Partial<AdminView> = {}) {
  const done: string[] = []
  let level = 'info'
  const endpoint = {
    address: '127.0.0.1:9001',
    zone: '',
    weight: 1,
    labels: {},
    state: 'ready',
    reason: '',
    connections: 1,
    requests: 0,
  } as const
  const view: AdminView = {
    readiness: () => ({ ready: false, missing: ['the application does not answer'] }),
    settings: () => ({ workload: { name: 'cart' }, jwt: { token: 'hush' } }),
    services: () =>
      ['catalog.shop:80', 'users.shop:80'].map((service) => ({ service, protocol: 'http', pending: 0, endpoints: [endpoint] })),
    connections: () => [],
    reloads: () => ({ generation: 3, loadedAt: '2026-01-01T00:00:00.000Z', refused: true, problems: [] }),
    certificates: () => [],
    logLevel: () => level,
    setLogLevel(wanted) {
      if (wanted !== 'debug') return false
      level = wanted
      return true
    },
    drain: () => void done.push('drain'),
    quit: () => void done.push('quit'),
    async *metricsText() {
      yield 'a 1\n'
    },
    ...parts,
  }
  const server = await AdminServer.start('127.0.0.1:0', view)
  t.teardown(() => server.close())
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const asked = request({ port: server.port, method, path, headers: { host: 'localhost', ...headers } }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      })
      asked.on('error', reject).end()
    })
  const json = async (method: string, path: string) => JSON.parse((await ask(method, path)).text) as unknown
  return { ask, json, done, server }
}

t.test('what can be read', async (t) => {
  const { ask, json } = await setUp(t)
  const ready = await ask('GET', '/ready')
  t.equal(ready.status, 503)
  t.equal(ready.text, '{\n  "ready": false,\n  "missing": [\n    "the application does not answer"\n  ]\n}\n')
  t.equal((await ask('GET', '/live')).status, 200)
  t.same(await json('GET', '/config'), { workload: { name: 'cart' }, jwt: { token: '[redacted]' } })
  t.match(await json('GET', '/services'), [
    { service: 'catalog.shop:80', endpoints: [{ address: '127.0.0.1:9001', state: 'ready' }] },
    {},
  ])
  t.equal(((await json('GET', '/services?service=users')) as unknown[]).length, 1)
  t.same(await json('GET', '/connections'), [])
  t.match(await json('GET', '/reloads'), { generation: 3, refused: true })
  t.same(await json('GET', '/certs'), [])
  t.equal((await ask('GET', '/stats')).text, 'a 1\n')
  t.equal((await ask('HEAD', '/stats')).text, '')
})

t.test('the log level is changed by POST', async (t) => {
  const { ask, json } = await setUp(t)
  t.same(await json('GET', '/logging'), { level: 'info' })
  t.same(await json('POST', '/logging?level=debug'), { level: 'debug' })
  t.match(await json('POST', '/logging?level=loud'), { error: /no such level: loud/ })
  t.equal((await ask('POST', '/logging')).status, 400)
})

t.test('drain and quit, by POST only; quit answers first', async (t) => {
  const { ask, done } = await setUp(t)
  for (const path of ['/drain', '/quitquitquit']) {
    const wrong = await ask('GET', path)
    t.equal(wrong.status, 405)
    t.equal(wrong.headers['allow'], 'POST')
  }
  t.same(done, [])
  t.equal((await ask('POST', '/drain')).status, 200)
  t.equal((await ask('POST', '/quitquitquit')).status, 200)
  t.same(done, ['drain', 'quit'])
})

t.test('pages that only tell take no POST', async (t) => {
  const { ask } = await setUp(t)
  const wrong = await ask('POST', '/config')
  t.equal(wrong.status, 405)
  t.equal(wrong.headers['allow'], 'HEAD, GET')
})

t.test('a web page from elsewhere gets nothing', async (t) => {
  const { ask, done } = await setUp(t)
  t.equal((await ask('GET', '/config', { host: 'evil.example' })).status, 403)
  t.equal((await ask('POST', '/drain', { origin: 'http://localhost' })).status, 403)
  t.same(done, [])
  t.equal((await ask('GET', '/config', { origin: 'http://evil.example' })).headers['access-control-allow-origin'], undefined)
})

t.test('the index is text for curl and HTML for a browser, and lists every page', async (t) => {
  const { ask } = await setUp(t)
  const text = await ask('GET', '/')
  t.match(text.headers['content-type'], /^text\/plain/)
  const html = await ask('GET', '/', { accept: 'text/html,*/*' })
  t.match(html.headers['content-type'], /^text\/html/)
  t.match(html.headers['content-security-policy'], "default-src 'none'")
  for (const { path } of PAGES) {
    t.match(text.text, path)
    t.match(html.text, path)
  }
})

t.test('an unknown page and a view that fails are answered with words', async (t) => {
  const { ask } = await setUp(t, {
    connections() {
      throw new Error('no view')
    },
  })
  t.match(await ask('GET', '/nothing'), { status: 404, text: '/nothing' })
  t.match(await ask('GET', '/connections'), { status: 500, text: 'no view' })
})

t.test('a port in use is told with the setting it came from', async (t) => {
  const { server } = await setUp(t)
  await t.rejects(AdminServer.start(`127.0.0.1:${server.port}`, {} as AdminView), {
    message: /in use by another process \(admin\.listen\)/,
  })
})
