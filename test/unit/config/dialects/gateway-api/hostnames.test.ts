import t from 'tap'
import { hostnamesMeet, routeMeets } from '../../../../../src/config/dialects/gateway-api/hostnames.ts'

const MEET: readonly (readonly [string | undefined, string | undefined, boolean, string])[] = [
  ['a.example', 'a.example', true, 'the same name meets itself'],
  ['a.example', 'b.example', false, 'different names do not meet'],
  ['*.example', 'a.example', true, 'a wildcard meets a name below it'],
  ['*.example', 'a.b.example', true, 'a wildcard stands for several labels'],
  ['*.example', 'example', false, 'a wildcard does not stand for nothing'],
  ['*.example', 'aexample', false, 'a suffix begins at a label'],
  ['*.b.example', '*.example', true, 'a wildcard meets a wider one'],
  ['*.a.example', '*.b.example', false, 'wildcards beside each other do not meet'],
  [undefined, 'a.example', true, 'no hostname is any'],
]

for (const [a, b, meet, rule] of MEET) {
  t.test(rule, async (t) => {
    t.equal(hostnamesMeet(a, b), meet)
    t.equal(hostnamesMeet(b, a), meet)
  })
}

t.test('a route without hostnames meets every listener, one with some only those that one of them meets', async (t) => {
  t.equal(routeMeets('a.example', []), true)
  t.equal(routeMeets('a.example', ['b.example', '*.example']), true)
  t.equal(routeMeets('a.example', ['b.example']), false)
})
