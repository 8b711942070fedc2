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
 * @param {boolean} [plan.isTimedByAnswer] An event counts as appended when the engine has said so, not when it was given it.
 * @returns {Promise<Float64Array>} when each was appended, after all were answered.
 */
export async function appendPaced(feed, { first, count, batch, intervalMs, bytes, isTimedByAnswer = false }) {
  const make = payloads(bytes)
  const times = new Float64Array(count)
  const answers = []
  const startedAt = performance.now()
  for (let done = 0; done < count; done += batch) {
    const dueAt = startedAt + (done / batch + Math.random() / 2) * intervalMs
    await until(dueAt)
    const data = Array.from({ length: Math.min(batch, count - done) }, (_, n) =>
      JSON.stringify(make(first + done + n)),
    )
    const note = () => times.fill(machineNow(), done, done + data.length)
    note()
    const answer = append(feed, data).then(isTimedByAnswer ? note : undefined)
    // Whoever fails is told of below; nobody waits for it until then.
    answer.catch(() => {})
    answers.push(answer)
  }
  await Promise.all(answers)
  return times
}

async function append(feed, data) {
  await (data.length === 1 ? feed.append(data[0]) : feed.appendMany(data))
}

function until(time) {
  const waitMs = time - performance.now()
  return waitMs > 0 ? new Promise((resolve) => setTimeout(resolve, waitMs)) : undefined
}
