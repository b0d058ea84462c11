// Which service a captured caller means, when it says one thing and connects to another.
import t, { type Test } from 'tap'
import { explain } from '../../../src/commands/explain.ts'
import { Folder } from '../../support/folder.ts'
import { memoryIo } from '../../support/io.ts'

const service = (name: string, port: number, address: string) => ({
  name,
  namespace: 'shop',
  port,
  addresses: [address],
  endpoints: [{ address: `127.0.0.1:${port}` }],
})

const SETTINGS = {
  workload: { name: 'web-1', namespace: 'shop' },
  services: [service('a', 80, '10.96.0.1'), service('a', 8080, '10.96.0.1'), service('b', 80, '10.96.0.2')],
  routes: [
    { name: 'of-a', hosts: ['a.shop:80'], services: [{ service: 'a.shop:80' }] },
    { name: 'of-alt', hosts: ['a.shop:8080'], services: [{ service: 'a.shop:8080' }] },
    { name: 'of-site', hosts: ['site.example'], services: [{ service: 'b.shop' }] },
  ],
}

async function ask(t: Test, questions: readonly (readonly [host: string, address: string, port: number])[]): Promise<unknown[]> {
  const folder = new Folder(t)
  folder.write('settings.json', JSON.stringify(SETTINGS))
  const asked = questions.map(([host, address, port]) => ({ at: 'outbound', host, destination: { address, port } }))
  const memory = memoryIo(JSON.stringify(asked))
  await explain([folder.path], '-', memory.io)
  const { stdout } = await memory.written()
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { route, services } = JSON.parse(line) as { route: string | null; services: { name: string; port: number }[] }
      return [route, services.map(({ name, port }) => `${name}:${port}`).join()]
    })
}

t.test('it is the service that it connected to, whatever host it names', async (t) => {
  const answers = await ask(t, [
    ['a', '10.96.0.1', 80],
    ['b', '10.96.0.1', 80],
    ['a', '10.96.0.2', 80],
    ['anything', '10.96.0.1', 80],
    // the port that it connected to, not the one that a bare host stands for
    ['a', '10.96.0.1', 8080],
  ])
  t.same(answers, [
    ['of-a', 'a:80'],
    ['of-a', 'a:80'],
    [null, 'b:80'],
    ['of-a', 'a:80'],
    ['of-alt', 'a:8080'],
  ])
})

t.test('a host that only routes know is theirs', async (t) => {
  t.same(await ask(t, [['site.example', '10.96.0.1', 80]]), [['of-site', 'b:80']])
})
