import fc from 'fast-check'
import t from 'tap'
import { normalizePath, type PathMode } from '../../../src/routing/normalize.ts'

const MODES = ['AUTO', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const

interface Case {
  readonly path: string
  readonly mode: PathMode
  readonly strict?: boolean
  /** undefined: refused. */
  readonly becomes: string | undefined
}

const CASES: readonly Case[] = [
  { path: '/', mode: 'BASE', becomes: '/' },
  { path: '*', mode: 'AUTO', strict: true, becomes: '*' },
  { path: '', mode: 'AUTO', becomes: '' },
  { path: 'admin', mode: 'NONE', becomes: undefined },
  { path: '/a/./b/../c', mode: 'BASE', becomes: '/a/c' },
  { path: '/a/..', mode: 'BASE', becomes: '/' },
  { path: '/a/.', mode: 'BASE', becomes: '/a/' },
  { path: '/../../x', mode: 'BASE', becomes: '/x' },
  { path: '/a/...', mode: 'BASE', becomes: '/a/...' },
  { path: '/.well-known/x', mode: 'BASE', becomes: '/.well-known/x' },
  { path: '/a/%2e%2E/b', mode: 'BASE', becomes: '/b' },
  { path: '/%7Euser/%41', mode: 'BASE', becomes: '/~user/A' },
  { path: '/a\\..\\b', mode: 'BASE', becomes: '/b' },
  { path: '/a%2fb%5Cc', mode: 'BASE', becomes: '/a%2fb%5Cc' },
  { path: '/a%2fb%5Cc', mode: 'DECODE_AND_MERGE_SLASHES', becomes: '/a/b/c' },
  { path: '/a%2f..%2fb', mode: 'DECODE_AND_MERGE_SLASHES', becomes: '/b' },
  { path: '/a%252fb', mode: 'DECODE_AND_MERGE_SLASHES', becomes: '/a%252fb' },
  { path: '//a///b//', mode: 'BASE', becomes: '//a///b//' },
  { path: '//a///b//', mode: 'MERGE_SLASHES', becomes: '/a/b/' },
  { path: '/a//../b', mode: 'MERGE_SLASHES', becomes: '/a/b' },
  { path: '/caf\xc3\xa9 "<>', mode: 'BASE', becomes: '/caf%C3%A9%20%22%3C%3E' },
  { path: '/100%', mode: 'BASE', becomes: '/100%' },
  { path: '/100%zz', mode: 'BASE', becomes: '/100%zz' },
  { path: '/a/../b', mode: 'NONE', becomes: '/a/../b' },
  { path: '/a?b=/../%2e#', mode: 'NONE', becomes: undefined },
  { path: '/a?b=/../%2e//\\;', mode: 'MERGE_SLASHES', becomes: '/a?b=/../%2e//\\;' },
  { path: '/a/../b?c=/../d', mode: 'BASE', becomes: '/b?c=/../d' },
  { path: '/a?b=%00', mode: 'AUTO', strict: true, becomes: '/a?b=%00' },
  { path: '/@scope%2fname', mode: 'AUTO', becomes: '/@scope%2fname' },
  { path: '/a/../b', mode: 'AUTO', becomes: '/b' },
  { path: '/a;v=1', mode: 'AUTO', becomes: '/a;v=1' },
  { path: '/caf%c3%a9', mode: 'AUTO', becomes: '/caf%c3%a9' },
  { path: '/caf%c3%a9', mode: 'AUTO', strict: true, becomes: '/caf%C3%A9' },
  { path: '/a/../b', mode: 'AUTO', strict: true, becomes: '/b' },
  ...['/@scope%2Fname', '/a%5cb', '/a\\b', '/a;v=1', '/a//b', '//a', '/a%', '/a%4'].map((path) => ({
    path,
    mode: 'AUTO' as const,
    strict: true,
    becomes: undefined,
  })),
  ...MODES.flatMap((mode) => [
    { path: '/a%00', mode, becomes: undefined },
    { path: '/a#b', mode, becomes: undefined },
  ]),
]

for (const { path, mode, strict = false, becomes } of CASES) {
  t.test(`${mode}${strict ? ', strict' : ''}: ${JSON.stringify(path)} → ${becomes ?? 'refused'}`, async (t) => {
    t.equal(normalizePath(path, mode, strict), becomes)
  })
}

const piece = fc.constantFrom(
  '/',
  '//',
  '.',
  '..',
  'a',
  'b1',
  '%2e',
  '%2F',
  '%5c',
  '%41',
  '%',
  '%zz',
  '\\',
  ';',
  '~',
  '\xe9',
  ' ',
  '%c3%A9',
)
const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)

t.test('a normal path stays as it is', async () => {
  fc.assert(
    fc.property(path, fc.constantFrom(...MODES), fc.boolean(), (path, mode, strict) => {
      const once = normalizePath(path, mode, strict)
      return once === undefined || normalizePath(once, mode, strict) === once
    }),
  )
})

t.test('no dot segment is left in any mode but NONE', async () => {
  fc.assert(
    fc.property(path, fc.constantFrom(...MODES.slice(2)), (path, mode) => {
      const normal = normalizePath(path, mode, false)
      return normal !== undefined && !normal.split('/').some((segment) => segment === '.' || segment === '..')
    }),
  )
})

t.test('strict AUTO leaves nothing to read in two ways', async () => {
  fc.assert(
    fc.property(path, (path) => {
      const normal = normalizePath(path, 'AUTO', true)
      return (
        normal === undefined ||
        ![/\/\//, /[\\;]/, /%2f|%5c/i, /%(?![0-9A-F]{2})/, /\/\.{1,2}(\/|$)/].some((trap) => trap.test(normal))
      )
    }),
  )
})
