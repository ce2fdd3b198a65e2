import { observeMetrics } from '@ashlar/scheduler-core/otel'
import type {
  Attributes,
  BatchObservableCallback,
  Meter,
  MeterProvider,
  Observable,
} from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { Rig } from '../rig.ts'

/** The part of a meter that the exporter's side of OpenTelemetry drives. */
class Collector implements MeterProvider {
  readonly #names = new Map<Observable, string>()
  readonly #callbacks = new Set<BatchObservableCallback>()

  getMeter(): Meter {
    const make = (name: string): Observable => {
      const instrument: Observable = { addCallback() {}, removeCallback() {} }
      this.#names.set(instrument, name)
      return instrument
    }
    const meter: Partial<Meter> = {
      createObservableCounter: make,
      createObservableGauge: make,
      addBatchObservableCallback: (callback) => void this.#callbacks.add(callback),
      removeBatchObservableCallback: (callback) => void this.#callbacks.delete(callback),
    }
    return meter as Meter
  }

  async collect(): Promise<string[]> {
    const lines: string[] = []
    const observe = (instrument: Observable, value: number, attributes?: Attributes): void => {
      lines.push(`${this.#names.get(instrument)} ${JSON.stringify(attributes ?? {})} ${value}`)
    }
    for (const callback of this.#callbacks) await callback({ observe })
    return lines
  }
}

test('every collection reads the counters and gauges anew', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  const meterProvider = new Collector()
  const stop = observeMetrics(rig.scheduler, { meterProvider })
  await rig.scheduler.schedule({ handler: 'noop', payload: 0, delayMs: 1_000 })
  const before = await meterProvider.collect()
  expect(before).toContain('ashlar.scheduler.completed {} 0')
  expect(before).toContain('ashlar.scheduler.tasks {"queue":"default","state":"scheduled"} 1')
  await rig.pass(1_000)
  const after = await meterProvider.collect()
  expect(after).toContain('ashlar.scheduler.completed {} 1')
  expect(after).toContain('ashlar.scheduler.tasks {"queue":"default","state":"scheduled"} 0')
  expect(after).toContain('ashlar.scheduler.stale_tasks {} 0')
  stop()
  expect(await meterProvider.collect()).toEqual([])
})
