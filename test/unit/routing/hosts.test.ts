import fc from 'fast-check'
import t from 'tap'
import { AuthorityCache, HostTable, isHostPattern, type Scheme, splitAuthority } from '../../../src/routing/hosts.ts'

t.test('splits an authority into lower-case host and port', async (t) => {
  t.same(splitAuthority('Catalog.Shop:8080'), { host: 'catalog.shop', port: '8080' })
  t.same(splitAuthority('catalog.shop.'), { host: 'catalog.shop', port: '' })
  t.same(splitAuthority('catalog.shop.:80'), { host: 'catalog.shop', port: '80' })
  t.same(splitAuthority('[::1]'), { host: '[::1]', port: '' })
  t.same(splitAuthority('[::1]:80'), { host: '[::1]', port: '80' })
})

t.test('knows what may stand where a host is expected', async (t) => {
  for (const good of ['a', 'a.b', 'A.b:80', '*', '*.b', '*.b:1', '*:80', 'a.b.', '10.0.0.1:80', '[::1]', '[::1]:80', 'my_db.x'])
    t.ok(isHostPattern(good), good)
  for (const bad of ['', ':80', 'a:', 'a:99999', 'a:x', 'a b', 'a*', 'a.*', '*a.b', '*.', '.a', 'a..b', '-a', 'a/b', 'http://a'])
    t.notOk(isHostPattern(bad), bad)
})

interface Case {
  readonly name: string
  readonly patterns: readonly string[]
  readonly asks: readonly (readonly [authority: string, found: readonly string[], scheme?: Scheme])[]
}

const CASES: readonly Case[] = [
  {
    name: 'an exact host takes any case, any port, a dot at its end',
    patterns: ['Catalog.shop'],
    asks: [
      ['cAtAlOg.SHOP', ['Catalog.shop']],
      ['catalog.shop:9', ['Catalog.shop']],
      ['catalog.shop.', ['Catalog.shop']],
      ['catalog', []],
    ],
  },
  {
    name: 'a suffix takes one label or more, never none',
    patterns: ['*.shop'],
    asks: [
      ['a.shop', ['*.shop']],
      ['a.b.shop', ['*.shop']],
      ['shop', []],
      ['ashop', []],
      ['.shop', []],
    ],
  },
  {
    name: 'exact before longest suffix before any',
    patterns: ['*', '*.c', '*.b.c', 'a.b.c'],
    asks: [
      ['a.b.c', ['a.b.c', '*.b.c', '*.c', '*']],
      ['x.c', ['*.c', '*']],
      ['y', ['*']],
    ],
  },
  {
    name: 'with the port before without',
    patterns: ['a', 'a:80', 'a:443'],
    asks: [
      ['a:80', ['a:80', 'a']],
      ['a:81', ['a']],
    ],
  },
  {
    name: 'no port means the port of the scheme',
    patterns: ['a:80', 'a:443'],
    asks: [
      ['a', ['a:80']],
      ['a', ['a:443'], 'https'],
      ['a:443', ['a:443']],
    ],
  },
  {
    name: 'an address in brackets is a host',
    patterns: ['[::1]:80', '[::1]'],
    asks: [
      ['[::1]', ['[::1]:80', '[::1]']],
      ['[::1]:81', ['[::1]']],
    ],
  },
]

for (const { name, patterns, asks } of CASES) {
  t.test(name, async (t) => {
    const table = new HostTable<string>()
    for (const pattern of patterns) table.set(pattern, pattern)
    for (const [authority, found, scheme = 'http'] of asks) t.same(table.all(authority, scheme), found, `${scheme} ${authority}`)
  })
}

t.test('agrees with asking every pattern in turn', async () => {
  const label = fc.constantFrom('a', 'b', 'C')
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
  const port = fc.constantFrom('', ':80', ':81')
  const pattern = fc.tuple(fc.constantFrom('', '*.'), name, port).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(fc.oneof(pattern, fc.constant('*')), { maxLength: 12 }), name, port, (patterns, host, end) => {
      const unique = [...new Set(patterns.map((one) => one.toLowerCase()))]
      const table = new HostTable<string>()
      for (const one of unique) table.set(one, one)
      const naive = unique.filter((one) => matches(one, host.toLowerCase(), end || ':80')).sort((a, b) => weight(b) - weight(a))
      return JSON.stringify(table.all(host + end, 'http')) === JSON.stringify(naive)
    }),
  )
})

function matches(pattern: string, host: string, port: string): boolean {
  const [name = '', end] = pattern.split(':')
  if (end !== undefined && `:${end}` !== port) return false
  return name === '*' || (name.startsWith('*') ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : host === name)
}

function weight(pattern: string): number {
  const [name = '', end] = pattern.split(':')
  return (name.startsWith('*') ? 0 : 1000) + name.length * 2 + (end === undefined ? 0 : 1)
}

t.test('keeps what it found, within a bound, for each scheme', async (t) => {
  const asked: string[] = []
  const cache = new AuthorityCache(10, (authority, scheme) => {
    asked.push(`${scheme} ${authority}`)
    return asked.length
  })
  t.equal(cache.get('a', 'http'), 1)
  t.equal(cache.get('a', 'http'), 1)
  t.equal(cache.get('a', 'https'), 2)
  for (let i = 0; i < 5000; i++) cache.get(`host-${i}`, 'http')
  t.equal(asked.length, 5002)
  t.equal(cache.get('host-4999', 'http'), 5002)
  t.not(cache.get('a', 'http'), 1)
})
