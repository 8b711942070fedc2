import { percentile } from '../statistics.mjs'

export const mebibyte = 2 ** 20

/** CPU in microseconds for each of `count` things done. */
export function costOf({ userUs, systemUs }, count) {
  return { cpu: (userUs + systemUs) / count, user: userUs / count, system: systemUs / count }
}

/** Milliseconds from publishing to arrival, over all connections that kept their arrivals. */
export function deliveryOf({ published, arrived }) {
  const delays = arrived.map((at, place) => at - published[place % published.length])
  return { deliveryP50: percentile(delays, 0.5), deliveryP99: percentile(delays, 0.99) }
}
