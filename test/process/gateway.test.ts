// A gateway as an operator runs it: certificates from Secrets or files, changed while it serves, and shown to nobody.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { asText, gateway, secret } from '../support/gateway-world.ts'
import { freePort } from '../support/origin.ts'
import { selfSigned } from '../support/self-signed.ts'
import { startSidecarProcess, temporaryFolder } from '../support/sidecar-process.ts'

const HTTPS = { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'cert' }] } }
const WORKLOAD = { name: 'edge-1', namespace: 'edge' }

/** The name on the certificate that is shown; '' when there is none. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'shop.example', rejectUnauthorized: false })
    const tell = (name: string): void => {
      resolve(name)
      socket.destroy()
    }
    socket.once('secureConnect', () => tell(String(socket.getPeerCertificate().subject.CN)))
    socket.once('error', () => tell(''))
  })
}

t.test('a Secret that changes is shown from then on, and its key to nobody', async (t) => {
  const [port, admin] = [await freePort(), await freePort()]
  const [first, second] = [selfSigned('first.example'), selfSigned('second.example')]
  const sidecar = await startSidecarProcess(t, {
    settings: {
      workload: WORKLOAD,
      listeners: { gateway: [{ listen: `127.0.0.1:${port}`, gateway: 'edge/public', port: 443 }] },
      admin: { listen: `127.0.0.1:${admin}` },
    },
    files: { 'gateway.yaml': asText([gateway('public', [HTTPS])]), 'secret.yaml': asText([secret('cert', first)]) },
  })
  t.equal(await shownAt(port), 'first.example')
  const file = join(sidecar.folder, 'secret.yaml')
  writeFileSync(`${file}.new`, asText([secret('cert', second)]))
  renameSync(`${file}.new`, file)
  await eventually(async () => (await shownAt(port)) === 'second.example', { timeoutMs: 15_000 })
  const pages = ['/config', '/reloads', '/certificates', '/services'].map(async (path) =>
    (await fetch(`http://127.0.0.1:${admin}${path}`)).text(),
  )
  const told = [...(await Promise.all(pages)), sidecar.stderr(), sidecar.stdout()].join('\n')
  for (const { key } of [first, second]) {
    for (const part of [key.split('\n')[1] ?? '', Buffer.from(key).toString('base64').slice(0, 60)])
      t.notOk(told.includes(part), 'no key')
  }
  t.equal((await sidecar.stop()).code, 0)
})

t.test('where a Secret is mounted rather than a document, its files are shown', async (t) => {
  const port = await freePort()
  const mounted = temporaryFolder(t)
  const { certificate, key } = selfSigned('mounted.example')
  const files = { certificate: join(mounted, 'tls.crt'), key: join(mounted, 'tls.key') }
  writeFileSync(files.certificate, certificate)
  writeFileSync(files.key, key)
  const sidecar = await startSidecarProcess(t, {
    settings: {
      workload: WORKLOAD,
      listeners: { gateway: [{ listen: `127.0.0.1:${port}`, gateway: 'edge/public', port: 443, certificates: [files] }] },
    },
    files: { 'gateway.yaml': asText([gateway('public', [HTTPS])]) },
  })
  t.equal(await shownAt(port), 'mounted.example')
  t.match(sidecar.stderr(), /there is no Secret edge\/cert/)
})
