import { readFileSync } from 'node:fs'
import t from 'tap'
import { check } from '../../../src/commands/check.ts'
import { loadConfig } from '../../../src/config/load.ts'

const POD = { POD_NAME: 'cart-1', POD_NAMESPACE: 'shop', POD_SERVICE_ACCOUNT: 'cart' }
const root = new URL('../../../config/', import.meta.url).pathname

for (const name of ['one-application', 'routes', 'two-services', 'two-services/catalog', 'gateway', 'kubernetes']) {
  t.test(`config/${name} is good as it is`, async (t) => {
    t.same(await check([`${root}${name}`], { environment: POD }), { code: 0, lines: [] })
  })
}

t.test('the two services find each other', async (t) => {
  const { config } = await loadConfig([`${root}two-services`])
  const catalog = await loadConfig([`${root}two-services/catalog`])
  const [listener] = catalog.config?.settings.listeners.inbound ?? []
  const port = (address = '') => address.split(':')[1]
  t.equal(port(config?.services[0]?.endpoints[0]?.address), port(listener?.listen))
})

t.test('the Kubernetes manifest mounts the settings beside it', async (t) => {
  const { config, problems } = await loadConfig([`${root}kubernetes/manifest`], { environment: POD })
  t.same(
    problems.map(({ message }) => message),
    ['Deployment of apps is ignored'],
  )
  const mounted = await loadConfig([`${root}kubernetes`], { environment: POD })
  t.same(config?.settings, mounted.config?.settings)
  const settings = readFileSync(`${root}kubernetes/settings.yaml`, 'utf8')
  const body = settings.slice(settings.indexOf('# The same file')).replaceAll(/^(?=.)/gm, '    ')
  t.ok(readFileSync(`${root}kubernetes/manifest/cart.yaml`, 'utf8').includes(body), 'word for word')
})
