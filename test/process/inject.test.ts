// outrigger inject as a user calls it: files, folders, standard input; nothing half done.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const PROGRAM = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

const GOOD = `# a workload
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec:
  template:
    metadata: { labels: { app: cart } }
    spec:
      containers: [{ name: cart, image: "cart:v1" }] # the only one
`
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name:   cart}   # odd\n'
const LIST = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly' },
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'job' }] } } } } },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } },
  ],
})

function outrigger(args: readonly string[], input = ''): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, ...args], { input, encoding: 'utf8' })
}

t.test('reads standard input, leaves other documents alone, and takes its work back', async (t) => {
  const { status, stdout } = outrigger(['inject', '-f', '-'], `${SERVICE}---\n${GOOD}`)
  t.equal(status, 0)
  t.ok(stdout.startsWith(`${SERVICE}---\n# a workload\n`))
  t.match(stdout, /- name: outrigger\n/)
  t.match(stdout, /# the only one/)
  t.equal(outrigger(['inject', '-f', '-'], stdout).stdout, stdout, 'twice is once')
  const undone = outrigger(['inject', '-f', '-', '--uninject'], stdout)
  t.notMatch(undone.stdout, /outrigger/)
  t.match(undone.stdout, /# the only one/)
})

t.test('reads folders with several files, lists and JSON, and writes them in place when asked', async (t) => {
  const folder = t.testdir({ 'a.yaml': GOOD, 'b.json': LIST, 'c.txt': 'not looked at' })
  const printed = outrigger(['inject', '-f', folder, '--mode', 'classic', '--image', 'mine:1'])
  t.equal(printed.status, 0, printed.stderr)
  t.equal(printed.stdout.match(/mine:1/g)?.length, 4, 'a sidecar and a capture container for each Pod')
  t.equal(readFileSync(join(folder, 'a.yaml'), 'utf8'), GOOD)
  t.equal(outrigger(['inject', '-f', folder, '--in-place']).status, 0)
  t.match(readFileSync(join(folder, 'a.yaml'), 'utf8'), /outrigger-capture/)
  const list = JSON.parse(readFileSync(join(folder, 'b.json'), 'utf8')) as typeof LIST & { items: object[] }
  t.match(list.items[0], { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'job' }] } } } } } })
})

const BAD: readonly { name: string; text: string; says: RegExp }[] = [
  {
    name: 'YAML that is no resource',
    text: 'just: text\n',
    says: /^-:1:1: this is no Kubernetes resource \(it needs apiVersion and kind\)\n$/,
  },
  { name: 'broken YAML', text: 'a: [1\n', says: /^-:2:1: not valid YAML/ },
  {
    name: 'a Pod on the network of its node',
    text: GOOD.replace('    spec:\n      containers', '    spec:\n      hostNetwork: true\n      containers'),
    says: /^-:9:20: Deployment shop\/cart: spec\.hostNetwork: a Pod in the network of its node cannot have a sidecar \(leave its Pods out/,
  },
  {
    name: 'an annotation that does not parse',
    text: GOOD.replace('metadata: { labels', 'metadata: { annotations: { outrigger.dev/mode: both }, labels'),
    says: /outrigger\.dev\/mode"\]: expected "native" or "classic", got "both"/,
  },
]

for (const { name, text, says } of BAD) {
  t.test(`says what is wrong and writes nothing: ${name}`, async (t) => {
    const { status, stdout, stderr } = outrigger(['inject', '-f', '-'], text)
    t.equal(status, 1)
    t.equal(stdout, '')
    t.match(stderr, says)
  })
}

t.test('changes no file when one of them is wrong', async (t) => {
  const folder = t.testdir({ 'a.yaml': GOOD, 'b.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n' })
  const { status, stderr } = outrigger(['inject', '-f', folder, '--in-place'])
  t.equal(status, 1)
  t.match(stderr, /b\.yaml:4:7: Pod x: spec\.containers: expected a list of containers/)
  t.equal(readFileSync(join(folder, 'a.yaml'), 'utf8'), GOOD)
  writeFileSync(join(folder, 'b.yaml'), SERVICE)
})

t.test('a mode that is none is a usage error', async (t) => {
  t.equal(outrigger(['inject', '-f', '-', '--mode', 'ambient'], GOOD).status, 2)
})
