// The metric families of what is upstream: services, their endpoints and connections.
import { counter, gauge } from './family.ts'

const configured = 'configured'

export const UPSTREAM = {
  upstreamConnections: gauge(
    'outrigger_upstream_connections',
    { service: configured, state: ['active', 'idle'] },
    'Connections to the endpoints of a service.',
  ),
  upstreamPending: gauge('outrigger_upstream_pending_requests', { service: configured }, 'Requests that wait for a connection.'),
  upstreamRequests: gauge('outrigger_upstream_active_requests', { service: configured }, 'Requests under way.'),
  upstreamEndpoints: gauge(
    'outrigger_upstream_endpoints',
    { service: configured, state: ['ready', 'unreachable', 'unhealthy', 'ejected', 'breaker_open'] },
    'Endpoints of a service, by what keeps traffic from them.',
    'max',
  ),
  endpointEvents: counter(
    'outrigger_upstream_endpoint_events_total',
    {
      service: configured,
      event: [
        'ejected',
        'not_ejected',
        'returned',
        'breaker_open',
        'breaker_half_open',
        'breaker_closed',
        'unhealthy',
        'healthy',
      ],
    },
    'What happened to endpoints: outlier detection, breakers and health checks.',
  ),
  retryOverflows: counter(
    'outrigger_retry_overflows_total',
    { service: configured },
    'Retries that were not made because the retry budget of the service was spent.',
  ),
  upstreamRetries: gauge(
    'outrigger_upstream_active_retries',
    { service: configured },
    'Requests under way that are being repeated.',
  ),
  upstreamConnects: counter('outrigger_upstream_connects_total', { service: configured }, 'Connections to endpoints begun.'),
  upstreamConnectFailures: counter(
    'outrigger_upstream_connect_failures_total',
    { service: configured },
    'Connections to endpoints that did not come up.',
  ),
  upstreamStray: counter(
    'outrigger_upstream_stray_connections_total',
    { service: configured },
    'Idle connections destroyed because the endpoint sent what nobody had asked for.',
  ),
  upstreamOverflows: counter(
    'outrigger_upstream_overflows_total',
    { service: configured },
    'Requests answered at once because a limit of the service was reached.',
  ),
} as const
