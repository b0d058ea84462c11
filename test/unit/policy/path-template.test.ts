import t from 'tap'
import { PathTemplate, templateProblem } from '../../../src/policy/path-template.ts'

const CASES: { template: string; has: string[]; lacks: string[]; prefix: string }[] = [
  { template: '/a/{*}', has: ['/a/b', '/a/%20'], lacks: ['/a', '/a/', '/a/b/', '/a/b/c', '/ab'], prefix: '/a/' },
  { template: '/{*}', has: ['/a'], lacks: ['/', '/a/b', ''], prefix: '/' },
  { template: '/a/{**}', has: ['/a/', '/a/b', '/a/b/c'], lacks: ['/a', '/ab'], prefix: '/a/' },
  { template: '/{**}', has: ['/', '/a/b'], lacks: ['', '*'], prefix: '/' },
  { template: '/a/{**}/z', has: ['/a//z', '/a/b/z', '/a/b/c/z'], lacks: ['/a/z', '/a/b/zz', '/a/b'], prefix: '/a/' },
  { template: '/{*}/b/{*}', has: ['/a/b/c'], lacks: ['/a/b/', '/a/c/b', '//b/c'], prefix: '/' },
]

for (const { template, has, lacks, prefix } of CASES)
  t.test(template, (t) => {
    t.equal(templateProblem(template), undefined)
    const compiled = new PathTemplate(template)
    for (const path of has) t.equal(compiled.test(path), true, path)
    for (const path of lacks) t.equal(compiled.test(path), false, path)
    t.equal(compiled.prefix, prefix)
    for (const path of has) t.ok(path.startsWith(prefix), 'what it matches begins so')
    t.end()
  })

t.test('what is no template', (t) => {
  for (const path of ['/{x}', '/a{*}', '/{**}/{*}', '/{**}/{**}', '/{*}*', 'a/{*}', '/{*'])
    t.type(templateProblem(path), 'string', path)
  t.end()
})
