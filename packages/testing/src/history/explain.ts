import { keyOf } from './channel-record.ts'
import type { ConnectionStep } from './client-record.ts'
import { describeMissing } from './judge-opening.ts'
import type { Listening, Place } from './listening.ts'
import { FaultFound } from './verdict.ts'

/** A step of a connection. */
interface Moment {
  readonly steps: readonly ConnectionStep[]
  readonly index: number
}

/** Why an event cannot come now, to a client that has not had it. */
export function explain(
  listening: Listening,
  now: readonly Place[],
  key: string,
  moment: Moment,
): FaultFound {
  const shown = key.replace('\n', ' ')
  for (const { epoch, high } of now) {
    const place = epoch.placesByKey.get(key)?.find((each) => each > high)
    const missing = place === undefined ? null : listening.firstMissing(epoch, high, place - 1)
    const event = missing === null ? undefined : epoch.slots[missing - 1]?.event
    if (event === undefined || event === null) continue
    if (comesLater(event.key, moment))
      return new FaultFound('reordering', `${shown} came before ${event.key.replace('\n', ' ')}`)
    const what = `${describeMissing(event)} is missing before ${shown}`
    return new FaultFound(isFirstSinceReady(listening, moment) ? 'unannounced gap' : 'hole', what)
  }
  return now.some(({ epoch }) => epoch.placesByKey.has(key))
    ? new FaultFound('reordering', `${shown} came after later events`)
    : new FaultFound('unannounced gap', `${shown} is of another history, and no $gap said so`)
}

/** The payload of one of Rivulet's own events. */
export function readJson(data: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(data)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function comesLater(key: string, { steps, index }: Moment): boolean {
  return steps
    .slice(index + 1)
    .some((step) => step.kind === 'block' && keyOf(step.block.event, step.block.data) === key)
}

function isFirstSinceReady({ record }: Listening, { steps, index }: Moment): boolean {
  for (const step of steps.slice(0, index).reverse()) {
    if (step.kind !== 'block') continue
    const { event, data, id } = step.block
    if (event === '$ready' && readJson(data).channel === record.name) return true
    const isOwn = record.epochs.some(({ placesByKey }) => placesByKey.has(keyOf(event, data)))
    if (isOwn && id !== undefined) return false
  }
  return true
}
