// What policies say of a caller that has asked for nothing: only what no request could escape is a denial.
import t from 'tap'
import { inputOf, policiesWith } from '../../support/policy-world.ts'

const WEB = 'cluster.local/ns/web/sa/front'
const peer = (principal: string | undefined) => inputOf({ tcp: true, ...(principal === undefined ? {} : { principal }) })

const denyWeb = { name: 'd', action: 'deny', rules: [{ from: [{ namespaces: ['web'] }] }] }
const denyWebPosts = { name: 'd', action: 'deny', rules: [{ from: [{ namespaces: ['web'] }], to: [{ methods: ['POST'] }] }] }
const allowWeb = { name: 'a', rules: [{ from: [{ namespaces: ['web'] }] }] }
const allowWebItems = { name: 'a', rules: [{ from: [{ namespaces: ['web'] }], to: [{ paths: ['/items'] }] }] }
const allowTenant = { name: 'a', rules: [{ when: [{ key: 'request.headers[x-tenant]', values: ['a'] }] }] }

const CASES: Record<string, [Record<string, unknown>[], string | undefined, string | undefined]> = {
  'a denial of callers': [[denyWeb], WEB, 'ns[shop]-policy[d]-rule[0]'],
  'a denial of other callers': [[denyWeb], undefined, undefined],
  'a denial of some of their requests': [[denyWebPosts], WEB, undefined],
  'a permission of callers': [[allowWeb], WEB, undefined],
  'a permission of other callers': [[allowWeb], undefined, ''],
  'a permission of some of their requests': [[allowWebItems], WEB, undefined],
  'a permission of some requests of others': [[allowWebItems], undefined, ''],
  'a permission of requests, whoever calls': [[allowTenant], undefined, undefined],
  'a permission, and a denial before it': [[allowWeb, denyWeb], WEB, 'ns[shop]-policy[d]-rule[0]'],
  'no policy': [[], WEB, undefined],
}
for (const [name, [policies, principal, rule]] of Object.entries(CASES)) {
  t.test(`${name}: ${rule === undefined ? 'something may pass' : 'nothing passes'}`, async (t) => {
    t.equal(policiesWith({ policies }).inbound?.denialOfPeer(peer(principal))?.rule, rule)
  })
}

t.test('where nothing allows and the default denies, nothing passes', async (t) => {
  t.equal(policiesWith({ defaultVerdict: 'deny' }).inbound?.denialOfPeer(peer(WEB))?.allowed, false)
})
