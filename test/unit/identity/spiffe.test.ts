import t from 'tap'
import { parseSpiffeId, spiffeUri } from '../../../src/identity/spiffe.ts'

t.test('reads the identity of a workload', async (t) => {
  t.match(parseSpiffeId('spiffe://cluster.local/ns/shop/sa/cart'), {
    trustDomain: 'cluster.local',
    namespace: 'shop',
    serviceAccount: 'cart',
    uri: 'spiffe://cluster.local/ns/shop/sa/cart',
    principal: 'cluster.local/ns/shop/sa/cart',
  })
  t.equal(parseSpiffeId(spiffeUri('td_1.example-x', 'a', 'b.c-d'))?.serviceAccount, 'b.c-d')
})

const NOBODY = [
  '',
  'spiffe://cluster.local',
  'spiffe:///ns/shop/sa/cart',
  'spiffe://cluster.local/ns/shop/sa/cart/',
  'spiffe://cluster.local/ns/shop/sa/cart/more',
  'spiffe://cluster.local/ns/shop/sa/',
  'spiffe://cluster.local/ns//sa/cart',
  'spiffe://cluster.local/sa/cart/ns/shop',
  'spiffe://cluster.local/ns/shop/sa/cart?x=1',
  'spiffe://cluster.local/ns/shop/sa/cart#x',
  'spiffe://cluster.local:443/ns/shop/sa/cart',
  'spiffe://user@cluster.local/ns/shop/sa/cart',
  'spiffe://Cluster.Local/ns/shop/sa/cart',
  'SPIFFE://cluster.local/ns/shop/sa/cart',
  'spiffe://cluster.local/ns/Shop/sa/cart',
  'spiffe://cluster.local/ns/shop.x/sa/cart',
  'spiffe://cluster.local/ns/shop/sa/%63art',
  'spiffe://cluster.local/ns/shop/../sa/cart',
  'spiffe://cluster.local/ns/shop/sa/cart\n',
  `spiffe://cluster.local/ns/${'a'.repeat(64)}/sa/cart`,
  'https://cluster.local/ns/shop/sa/cart',
]
for (const uri of NOBODY) {
  t.test(`takes ${JSON.stringify(uri).slice(0, 80)} for nobody`, async (t) => {
    t.equal(parseSpiffeId(uri), undefined)
  })
}
