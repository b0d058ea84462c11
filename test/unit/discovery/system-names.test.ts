import { rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { SystemNames } from '../../../src/discovery/system-names.ts'

function namesOf(t: Test, files: { readonly hosts?: string; readonly resolvConf?: string }) {
  const folder = t.testdir(files)
  return { folder, names: new SystemNames({ hosts: `${folder}/hosts`, resolvConf: `${folder}/resolvConf` }) }
}

const SEARCHES = [
  { name: 'no file', resolvConf: undefined, asked: 'db', candidates: ['db'] },
  { name: 'no search domain', resolvConf: 'nameserver 10.0.0.10', asked: 'db', candidates: ['db'] },
  { name: 'domain', resolvConf: 'domain a.test', asked: 'db', candidates: ['db.a.test', 'db'] },
  { name: 'the last line wins', resolvConf: 'search a.test\ndomain b.test', asked: 'db', candidates: ['db.b.test', 'db'] },
  {
    name: 'comments',
    resolvConf: '# search a.test\n; search b.test\nsearch c.test # d.test',
    asked: 'db',
    candidates: ['db.c.test', 'db'],
  },
  {
    name: 'as many dots as ndots',
    resolvConf: 'search a.test\noptions rotate ndots:2',
    asked: 'x.y.z',
    candidates: ['x.y.z', 'x.y.z.a.test'],
  },
  {
    name: 'fewer dots than ndots',
    resolvConf: 'search a.test\noptions ndots:2',
    asked: 'x.y',
    candidates: ['x.y.a.test', 'x.y'],
  },
  { name: 'ndots of 0', resolvConf: 'search a.test\noptions ndots:0', asked: 'db', candidates: ['db', 'db.a.test'] },
  { name: 'malformed ndots', resolvConf: 'search a.test\noptions ndots:x', asked: 'db', candidates: ['db.a.test', 'db'] },
  { name: 'the root as search domain', resolvConf: 'search . a.test.', asked: 'db', candidates: ['db.a.test', 'db'] },
]

for (const { name, resolvConf, asked, candidates } of SEARCHES) {
  t.test(`search: ${name}`, async (t) => {
    const { names } = namesOf(t, resolvConf === undefined ? {} : { resolvConf })
    t.same(await names.candidates(asked), candidates)
    t.same(await names.candidates(`${asked}.`), [asked])
  })
}

t.test('hosts: names in any case, addresses in one form, comments and nonsense left out', async (t) => {
  const hosts = '127.0.0.1\tLocalhost  Box\n0:0::1 localhost\n::1 localhost\n#10.0.0.1 box\nnonsense box\n10.0.0.2\n'
  const { names } = namesOf(t, { hosts })
  t.same(await names.hostsEntry('localhost'), ['127.0.0.1', '::1'])
  t.same(await names.hostsEntry('BOX'), ['127.0.0.1'])
  t.same(await names.hostsEntry('box.'), ['127.0.0.1'])
  t.same(await names.hostsEntry('other'), [])
})

t.test('files are read again when they change', async (t) => {
  const { names, folder } = namesOf(t, { hosts: '10.0.0.1 box\n' })
  t.same(await names.hostsEntry('box'), ['10.0.0.1'])
  writeFileSync(`${folder}/hosts`, '10.0.0.1 box\n10.0.0.2 box\n')
  t.same(await names.hostsEntry('box'), ['10.0.0.1', '10.0.0.2'])
  rmSync(`${folder}/hosts`)
  t.same(await names.hostsEntry('box'), [])
})
