// A worker of node:cluster that has counted as many exchanges as it was told to.
import process from 'node:process'
import { systemClock } from '../../src/core/clock.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { answerPrimary } from '../../src/telemetry/workers.ts'
import { outcome } from './outcome.ts'

const metrics = new Metrics({ clock: systemClock, maxSeries: 100 })
for (let i = 0; i < Number(process.env['EXCHANGES']); i++) metrics.ended(outcome())
answerPrimary(process, metrics)
process.send?.('counted')
