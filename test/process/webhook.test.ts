// outrigger webhook as the Kubernetes API server calls it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/origin.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

function makeCertificate(folder: string, name: string): void {
  const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)]
  execFileSync('openssl', [...options, ...files, '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'], {
    stdio: 'ignore',
  })
}

async function startWebhook(t: Test, folder: string): Promise<{ port: number; stderr: () => string }> {
  const port = await freePort()
  const files = ['--certificate', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')]
  const child = spawn(process.execPath, [
    PROGRAM,
    'webhook',
    '--listen',
    `127.0.0.1:${port}`,
    '--image',
    'outrigger:test',
    ...files,
  ])
  t.teardown(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await eventually(() => stderr.includes('ready'))
  return { port, stderr: () => stderr }
}

interface Reply {
  readonly status: number | undefined
  readonly body: string
}

function post(port: number, path: string, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port, path, method: 'POST', rejectUnauthorized: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

function reviewOf(object: object, more: object = {}): string {
  const request = { uid: 'u-1', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', object, ...more }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
}

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart' }, spec: { containers: [{ name: 'cart' }] } }

t.test('answers reviews over TLS', async (t) => {
  const folder = t.testdir({})
  makeCertificate(folder, 'tls')
  const { port, stderr } = await startWebhook(t, folder)

  await t.test('with a patch that brings the sidecar', async (t) => {
    const { status, body } = await post(port, '/inject?timeout=10s', reviewOf(POD))
    t.equal(status, 200)
    const { apiVersion, kind, response } = JSON.parse(body) as {
      apiVersion: string
      kind: string
      response: Record<string, string>
    }
    t.strictSame(
      [apiVersion, kind, response['uid'], response['allowed'], response['patchType']],
      ['admission.k8s.io/v1', 'AdmissionReview', 'u-1', true, 'JSONPatch'],
    )
    const patch = JSON.parse(Buffer.from(response['patch'] as string, 'base64').toString()) as { op: string; path: string }[]
    t.strictSame(patch.map(({ op, path }) => `${op} ${path}`).sort(), [
      'add /metadata/annotations',
      'add /spec/initContainers',
      'add /spec/volumes',
    ])
  })

  await t.test('with a refusal that says why', async (t) => {
    const { body } = await post(port, '/inject', reviewOf({ ...POD, spec: { ...POD.spec, hostNetwork: true } }))
    t.match(JSON.parse(body), {
      response: { allowed: false, status: { code: 400, message: /^outrigger: spec\.hostNetwork: a Pod in the network/ } },
    })
    await eventually(() => stderr().includes('a Pod was refused'))
  })

  await t.test('without a change for what is no new Pod, or wants none', async (t) => {
    const none = { annotations: { 'outrigger.dev/inject': 'false' } }
    for (const body of [
      reviewOf(POD, { operation: 'UPDATE' }),
      reviewOf(POD, { subResource: 'status' }),
      reviewOf({ ...POD, metadata: none }),
    ]) {
      t.strictSame((JSON.parse((await post(port, '/inject', body)).body) as { response: object }).response, {
        uid: 'u-1',
        allowed: true,
      })
    }
  })

  await t.test('with an error for what is no review', async (t) => {
    t.equal((await post(port, '/inject', 'garbage')).status, 400)
    t.equal((await post(port, '/inject', JSON.stringify({ apiVersion: 'admission.k8s.io/v1beta1' }))).status, 400)
    t.equal((await post(port, '/other', '{}')).status, 404)
    t.equal((await post(port, '/inject', 'x'.repeat(5 * 1024 * 1024)).catch(() => ({ status: 413 }))).status, 413)
  })

  await t.test('with a renewed certificate, without a restart', async (t) => {
    makeCertificate(folder, 'next')
    for (const end of ['key', 'crt']) {
      copyFileSync(join(folder, `next.${end}`), join(folder, `new.${end}`))
      renameSync(join(folder, `new.${end}`), join(folder, `tls.${end}`))
    }
    t.ok(readFileSync(join(folder, 'tls.crt')).length > 0)
    await eventually(async () => (await subjectOf(port)) === 'next')
  })
})

t.test('says which certificate can not be read', async (t) => {
  const folder = t.testdir({})
  const child = spawn(process.execPath, [
    PROGRAM,
    'webhook',
    '--certificate',
    join(folder, 'none.crt'),
    '--key',
    join(folder, 'none.key'),
  ])
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number]
  t.equal(code, 1)
  t.match(stderr, /cannot read the certificate .*none\.crt: no such file or directory/)
})

function subjectOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN as string)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
