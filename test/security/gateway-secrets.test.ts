// Keys in Secrets: no output of the program may hold them.
import t from 'tap'
import { check } from '../../src/commands/check.ts'
import { Folder } from '../support/folder.ts'
import { asText, gateway } from '../support/gateway-world.ts'
import { selfSigned } from '../support/self-signed.ts'

const https = (secret: string) =>
  gateway('public', [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: secret }] } }])

function secret(name: string, data: Record<string, unknown>): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'edge' }, type: 'kubernetes.io/tls', data }
}

t.test('check --print shows gateways without their keys, in whatever way the Secret wrote them', async (t) => {
  const { certificate, key } = selfSigned('shop.example')
  const encoded = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
  for (const document of [
    secret('cert', encoded),
    { ...secret('cert', {}), stringData: { 'tls.crt': certificate, 'tls.key': key } },
  ]) {
    const folder = new Folder(t)
    folder.write('a.yaml', asText([https('cert'), document]))
    const { code, lines } = await check([folder.path], { print: true })
    const text = lines.join('\n')
    t.equal(code, 0)
    t.match(text, /name: https/)
    for (const line of key.split('\n').filter((part) => part !== '')) t.notOk(text.includes(line), 'no line of the key')
    t.notOk(text.includes(encoded['tls.key']))
  }
})

t.test('no problem quotes what stands in a Secret', async (t) => {
  for (const data of ['hunter2', ['hunter2'], { 'tls.key': 'hunter2', 'tls.crt': 'hunter2' }, { 'tls.key': 7, hunter2: null }]) {
    const folder = new Folder(t)
    folder.write('a.yaml', asText([https('cert'), secret('cert', data as Record<string, unknown>)]))
    const { lines } = await check([folder.path], { print: true })
    t.match(lines.join('\n'), /the Secret edge\/cert (has no|holds no)/)
    t.notMatch(lines.join('\n'), /hunter2/)
  }
})
