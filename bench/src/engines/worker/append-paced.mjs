import { machineNow } from '../../clock.mjs'
import { payloads } from '../../payload.mjs'

/**
 * Appends by the clock, whether or not what came before was answered; what comes late is made up for.
 *
 * @param {import('../engine.mjs').Feed} feed
 * @param {object} plan
 * @param {number} plan.first
 * @param {number} plan.count
 * @param {number} plan.batch Appended at once, by `appendMany` where it is more than one.
 * @param {number} plan.intervalMs From batch to batch, on average. Each comes up to half of it late, so that whoever looks at intervals is not
 *   always met at the same moment.
 * @param {number} plan.bytes Of one payload.
 * @returns {Promise<{ given: Float64Array, answered: Float64Array }>} when the engine was given each, and when it said that it has it.
 */
export async function appendPaced(feed, { first, count, batch, intervalMs, bytes }) {
  const make = payloads(bytes)
  const given = new Float64Array(count)
  const answered = new Float64Array(count)
  const answers = []
  const startedAt = performance.now()
  for (let done = 0; done < count; done += batch) {
    const dueAt = startedAt + (done / batch + Math.random() / 2) * intervalMs
    await until(dueAt)
    const data = Array.from({ length: Math.min(batch, count - done) }, (_, n) =>
      JSON.stringify(make(first + done + n)),
    )
    given.fill(machineNow(), done, done + data.length)
    const answer = append(feed, data).then(() => answered.fill(machineNow(), done, done + data.length))
    // Whoever fails is told of below; nobody waits for it until then.
    answer.catch(() => {})
    answers.push(answer)
  }
  await Promise.all(answers)
  return { given, answered }
}

async function append(feed, data) {
  await (data.length === 1 ? feed.append(data[0]) : feed.appendMany(data))
}

function until(time) {
  const waitMs = time - performance.now()
  return waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : undefined
}
