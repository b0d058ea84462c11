import t from 'tap'
import { problemLines } from '../../support/config-text.ts'

const LISTENER = 'listeners: { inbound: [ { listen: "0.0.0.0:15006", app: "127.0.0.1:8080" } ] }\n'
const IDENTITY = 'identity: { folder: /x }\n'

const CASES: { name: string; text: string; line: RegExp }[] = [
  {
    name: 'custom without a provider',
    text: 'policies: [ { name: p, action: custom, rules: [ {} ] } ]',
    line: /1:.*custom needs a provider/,
  },
  {
    name: 'a provider for nothing',
    text: 'policies: [ { name: p, provider: x, rules: [ {} ] } ]',
    line: /only custom has a provider/,
  },
  { name: 'deny without rules', text: 'policies: [ { name: p, action: deny } ]', line: /deny without rules never matches/ },
  {
    name: 'dryRun of custom',
    text: 'policies: [ { name: p, action: audit, dryRun: true, rules: [ {} ] } ]',
    line: /dryRun is for allow and deny/,
  },
  { name: 'a name twice', text: 'policies: [ { name: p }, { name: p } ]', line: /there twice/ },
  {
    name: 'an identity where there is none',
    text: `${LISTENER.replace('app:', 'mtls: disable, app:')}policies: [ { name: p, rules: [ { from: [ { principals: [a] } ] } ] } ]`,
    line: /c\.yaml:2:.*can never match/,
  },
  {
    name: 'a provider twice',
    text: 'extensionProviders: [ { name: a, http: { service: x, port: 1 } }, { name: a, grpc: { service: x, port: 1 } } ]',
    line: /provider "a" is there twice/,
  },
]

for (const c of CASES)
  t.test(`${c.name} is an error`, (t) => {
    const lines = problemLines(c.text)
    t.ok(
      lines.some((line) => c.line.test(line) && !line.includes('warning')),
      lines.join('\n'),
    )
    t.end()
  })

t.test('an unknown provider and a misspelt label are warnings', (t) => {
  const provider =
    'extensionProviders: [ { name: guard, http: { service: x, port: 1 } } ]\npolicies: [ { name: p, action: custom, provider: gaurd, rules: [ {} ] } ]'
  t.match(problemLines(provider).join('\n'), /warning: .*no provider "gaurd".*did you mean "guard"/)
  const selector = 'workload: { labels: { app: cart } }\npolicies: [ { name: p, selector: { aap: cart } } ]'
  t.match(problemLines(selector).join('\n'), /warning: .*no workload has the label "aap" \(did you mean "app"\?\)/)
  t.end()
})

t.test('identities are fine where mutual TLS is, and namespaces where Pods are known by address', (t) => {
  const rules = (from: string) => `policies: [ { name: p, rules: [ { from: [ ${from} ] } ] } ]`
  t.same(problemLines(`${LISTENER}${IDENTITY}${rules('{ principals: [a] }')}`), [])
  t.same(problemLines(`${LISTENER}${rules('{ namespaces: [a] }')}`), [])
  t.same(problemLines(`${LISTENER}${rules('{ principals: [a] }, { ipBlocks: [10.0.0.0/8] }')}`).length, 0)
  t.end()
})
