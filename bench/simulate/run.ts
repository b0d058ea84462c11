// What balancers, breakers, retries and budgets do together: `npm run simulate`. Seconds long, the same in every run.
// SIDECARS=1000 for as many sidecars as endpoints in the large service, which takes memory and minutes.
import { type Fault, type Result, type Setting, simulate } from './world.ts'

const BALANCERS = ['round_robin', 'least_request', 'random', 'peak_ewma', 'ring_hash', 'maglev']
const FAULTS: readonly Fault[] = ['one-slow', 'zone-lost', 'all-failing']
const OUTLIERS = { consecutive5xx: 5, interval: '1s', baseEjection: '2s', maxEjectionPercent: 50 }
const BREAKER = { scope: 'service', volume: 20, window: '2s', reset: '500ms' }

const WATCHED = [
  ['retries alone', {}],
  ['retries, outliers, breaker', { outlierDetection: OUTLIERS, breaker: BREAKER }],
] as const

const SIZES = [
  { endpoints: 100, sidecars: 100 },
  { endpoints: 1000, sidecars: Number(process.env['SIDECARS'] ?? 100) },
]

const STEADY = { seed: 1, fault: 'none', requestsPerSecond: 10_000, beforeMs: 3000, faultMs: 0, afterMs: 2000 } as const
const TROUBLED = { seed: 1, requestsPerSecond: 20_000, beforeMs: 2000, faultMs: 10_000, afterMs: 4000 } as const

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

function line(name: string, { successBefore, successDuring, successAfter, amplification, recoveryMs }: Result): string {
  const shares = [successBefore, successDuring, successAfter].map((share) => percent(share).padStart(9)).join(' ')
  return `${name.padEnd(44)} ${shares} ${amplification.toFixed(2).padStart(8)} × ${String(recoveryMs).padStart(6)} ms`
}

async function main(): Promise<void> {
  for (const size of SIZES) {
    console.log(`\n${size.endpoints} endpoints, ${size.sidecars} sidecars\n`)
    console.log('load spread without faults, busiest endpoint / mean')
    for (const balance of BALANCERS) {
      const { spread, successBefore } = await simulate({ ...STEADY, ...size, balance })
      console.log(`  ${balance.padEnd(42)} ${spread.toFixed(2)}   (${percent(successBefore)} answered well)`)
    }
    console.log(`\n${'ten seconds of'.padEnd(44)}    before    during     after  attempts  recovered after`)
    for (const fault of FAULTS) {
      for (const [what, service] of WATCHED.slice(size.endpoints > 100 ? 1 : 0)) {
        const setting: Setting = { ...TROUBLED, ...size, fault, balance: 'least_request', service }
        console.log(`  ${line(`${fault}, ${what}`, await simulate(setting))}`)
      }
    }
  }
}

await main()
