import t from 'tap'
import { News } from '../../../src/commands/demo/news.ts'

const line = (level: string, msg: string): string => `${JSON.stringify({ level, msg })}\n`

t.test('tells of changes and complaints, whatever pieces they come in, and of nothing else', async (t) => {
  const news = new News()
  const take = news.from('catalog')
  const text =
    line('info', 'ready') +
    line('info', 'a connection was refused') +
    line('info', 'the configuration has changed') +
    line('error', 'the change was refused: a.yaml:1:1: no')
  for (const piece of [text.slice(0, 10), text.slice(10, 90), text.slice(90)]) take(piece)
  const lines = ['  catalog: the configuration has changed', '  catalog: the change was refused: a.yaml:1:1: no']
  t.same(news.last, lines)
  t.same(news.takeFresh(), lines)
  t.same(news.takeFresh(), [], 'what has been taken is not fresh any more')
  t.same(news.last, lines)
})

t.test('passes on what is no line of the log, and keeps only the last few', async (t) => {
  const news = new News()
  const take = news.from('payments')
  for (let index = 0; index < 9; index++) take(`trouble ${index}\n\n`)
  t.same(
    news.last,
    [5, 6, 7, 8].map((index) => `  payments: trouble ${index}`),
  )
})
