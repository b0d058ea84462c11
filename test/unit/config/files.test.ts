import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { isConfigFileName, readFiles } from '../../../src/config/files.ts'
import { formatProblem, Problems } from '../../../src/config/problem.ts'
import { Folder } from '../../support/folder.ts'

async function read(...paths: string[]) {
  const problems = new Problems()
  const files = await readFiles(paths, problems)
  return {
    files: files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]),
    lines: problems.sorted().map(formatProblem),
  }
}

t.test('a directory is its YAML and JSON files, by name', async (t) => {
  const folder = new Folder(t)
  for (const name of ['b.yml', 'a.yaml', 'c.json', 'd.txt', '.hidden.yaml', 'e.yaml~']) folder.write(name, name)
  mkdirSync(folder.join('f.yaml'))
  mkdirSync(folder.join('sub'))
  folder.write('sub/g.yaml', 'not looked for')
  const { files, lines } = await read(folder.path)
  t.same(files, [
    [folder.join('a.yaml'), 'a.yaml'],
    [folder.join('b.yml'), 'b.yml'],
    [folder.join('c.json'), 'c.json'],
  ])
  t.same(lines, [])
})

t.test('a mounted ConfigMap: links followed, ..data left out', async (t) => {
  const folder = new Folder(t)
  mkdirSync(folder.join('..2026'))
  folder.write('..2026/a.yaml', 'text')
  symlinkSync('..2026', folder.join('..data'))
  symlinkSync('..data/a.yaml', folder.join('a.yaml'))
  t.same((await read(folder.path)).files, [[folder.join('a.yaml'), 'text']])
})

t.test('files are taken by their name, whatever it is, and once', async (t) => {
  const folder = new Folder(t)
  folder.write('settings', 'x')
  folder.write('a.yaml', 'y')
  const { files } = await read(folder.join('settings'), folder.join('a.yaml'), folder.path)
  t.same(files, [
    [folder.join('settings'), 'x'],
    [folder.join('a.yaml'), 'y'],
  ])
})

t.test('says what cannot be read, and reads the rest', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', 'a')
  symlinkSync('nowhere', folder.join('b.yaml'))
  symlinkSync('c.yaml', folder.join('c.yaml'))
  writeFileSync(folder.join('d.yaml'), Buffer.alloc(16 * 1024 * 1024 + 1))
  mkdirSync(folder.join('empty'))
  const { files, lines } = await read(folder.path, folder.join('none'), folder.join('empty'), folder.join('a.yaml', 'x'))
  t.same(files, [[folder.join('a.yaml'), 'a']])
  t.same(lines, [
    `${folder.join('a.yaml', 'x')}:1:1: cannot read: a part of the path is not a directory`,
    `${folder.join('b.yaml')}:1:1: cannot read: no such file or directory`,
    `${folder.join('c.yaml')}:1:1: cannot read: too many symbolic links`,
    `${folder.join('d.yaml')}:1:1: the file is larger than 16 MiB`,
    `${folder.join('empty')}:1:1: the directory has no *.yaml, *.yml or *.json`,
    `${folder.join('none')}:1:1: cannot read: no such file or directory`,
  ])
})

t.test('names of configuration files', async (t) => {
  for (const name of ['a.yaml', 'a.yml', 'a.json', 'a.b.yaml']) t.ok(isConfigFileName(name), name)
  for (const name of ['a', '.a.yaml', '..data', 'a.yaml.bak', 'yaml', 'a.YAML']) t.notOk(isConfigFileName(name), name)
})
