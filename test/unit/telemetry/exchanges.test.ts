import t from 'tap'
import { Exchanges } from '../../../src/telemetry/exchanges.ts'
import { cart, catalog, outcome } from '../../support/outcome.ts'

function setUp() {
  const exchanges = new Exchanges(
    10,
    () => 0,
    () => {},
  )
  const values = (name: string) => {
    exchanges.scraped()
    for (const [spec, samples] of exchanges.families())
      if (spec.name === name) return [...samples].map(({ numbers }) => numbers[0])
    return []
  }
  const connection = {
    direction: 'outbound' as const,
    source: cart,
    destination: catalog,
    security: 'none' as const,
    requestBytes: 0,
    responseBytes: 0,
  }
  return { exchanges, values, connection }
}

t.test('bytes of a connection that lasts are counted at each scrape, each once', async (t) => {
  const { exchanges, values, connection } = setUp()
  const tally = exchanges.opened(connection)
  t.same(values('istio_tcp_connections_opened_total'), [1])
  connection.requestBytes = 100
  connection.responseBytes = 7
  t.same(values('istio_tcp_received_bytes_total'), [100])
  t.same(values('istio_tcp_received_bytes_total'), [100])
  connection.requestBytes = 150
  exchanges.closed(tally, undefined)
  t.same(values('istio_tcp_received_bytes_total'), [150])
  t.same(values('istio_tcp_sent_bytes_total'), [7])
  t.same(values('istio_tcp_connections_closed_total'), [1])
})

t.test('a second close counts nothing', async (t) => {
  const { exchanges, values, connection } = setUp()
  const tally = exchanges.opened(connection)
  connection.requestBytes = 5
  exchanges.closed(tally, undefined)
  connection.requestBytes = 9
  exchanges.closed(tally, 'upstream_reset')
  t.same(values('istio_tcp_connections_closed_total'), [1])
  t.same(values('istio_tcp_received_bytes_total'), [5])
})

t.test('a failed connection is closed under its flag', async (t) => {
  const { exchanges, values, connection } = setUp()
  exchanges.closed(exchanges.opened(connection), 'connect_failed')
  t.same(values('istio_tcp_connections_opened_total'), [1, 0])
  t.same(values('istio_tcp_connections_closed_total'), [0, 1])
})

t.test('alternating parties are told apart', async (t) => {
  const { exchanges, values } = setUp()
  for (let i = 0; i < 4; i++) exchanges.ended(i % 2 ? outcome() : outcome({ source: catalog, destination: cart }))
  exchanges.ended(outcome({ direction: 'outbound' }))
  t.same(values('istio_requests_total'), [2, 2, 1])
})
