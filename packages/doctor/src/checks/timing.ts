import { remediesFor } from '../hops/remedies.ts'
import { ownersOf, shortestIdleTimeOut, wholeSeconds } from '../hops/time-outs.ts'
import type { Evidence } from '../probes/evidence.ts'
import type { Watched } from '../probes/watched.ts'
import { firstBytesMs, headMs, isStream, silences, watchedMs } from '../probes/watched.ts'
import { duration, type Finding, inApplication, ok, problem, unknown, warning } from './finding.ts'

const slowHeadMs = 1_000
const verySlowHeadMs = 3_000
/** Head and body that come closer than this came together. */
const togetherMs = 50
const heldBack =
  'Until it comes an EventSource is not open, and hops with a limit for the first byte give up (Heroku: 30 s).'

/** Whether status and headers come at once, or are held back until there is some body. */
export function checkHead(evidence: Evidence): Finding | undefined {
  const { main, headRequest, direct, hops } = evidence
  if (main.connection === null) return undefined
  const remedies = remediesFor('head', hops)
  const ms = headMs(main)
  const quick = [answerOf('HEAD is answered', headRequest), answerOf('the application answers', direct)]
  const quickest = quick.find((one) => one !== null && one.ms < (ms ?? watchedMs(main)) / 4) ?? null
  if (ms === null) return noHead(main, quickest?.text, evidence)
  if (ms < slowHeadMs) return ok(`after ${duration(ms)}`)
  const first = firstBytesMs(main)
  const isTogether = first !== null && first - ms <= togetherMs
  if (isTogether && quickest !== null && isStream(main)) {
    return problem(
      `The head came after ${duration(ms)}, together with the first of the body, though ${quickest.text}: it is held back.`,
      heldBack,
      remedies,
    )
  }
  if (isTogether && isStream(main)) {
    return warning(
      `The head came after ${duration(ms)}, together with the first of the body: slow, or held back.`,
      heldBack,
      remedies,
    )
  }
  if (ms < verySlowHeadMs) return ok(`after ${duration(ms)}`)
  return warning(`The head came after ${duration(ms)}.`, 'Every reconnect waits that long.')
}

function noHead(main: Watched, quickText: string | undefined, { hops }: Evidence): Finding {
  const waited = duration(watchedMs(main))
  if (main.ending !== null) {
    return problem(`No answer: ${main.ending.reason}, after ${waited}.`, 'No client gets a stream.')
  }
  const remedies = remediesFor('head', hops)
  if (quickText !== undefined) {
    return problem(
      `No head in ${waited}, though ${quickText}: it is held back until there is more of the body.`,
      heldBack,
      remedies,
    )
  }
  return problem(
    `No answer in ${waited}.`,
    `The application hangs, or its head is held back. ${heldBack}`,
    remedies,
  )
}

function answerOf(text: string, watched: Watched | null): { text: string; ms: number } | null {
  const ms = watched === null ? null : headMs(watched)
  if (ms === null || watched?.head?.status !== 200) return null
  return { ms, text: `${text} after ${duration(ms)}` }
}

const lateFirstBytesMs = 10_000

/** Whether there is something in the body soon. */
export function checkFirstBytes({ main }: Evidence): Finding | undefined {
  if (!isStream(main)) return undefined
  const ms = firstBytesMs(main)
  const meaning =
    'Some hops and clients take a response for open only when its body begins, and give up before.'
  const remedy = inApplication('write something at once, such as the retry hint or the comment ":\\n\\n"')
  if (ms === null)
    return warning(`Nothing came after the head in ${duration(watchedMs(main))}.`, meaning, remedy)
  if (ms > lateFirstBytesMs) return warning(`The first bytes came after ${duration(ms)}.`, meaning, remedy)
  return ok(`after ${duration(ms)}`)
}

/** Silences from here on end streams on some paths. */
const longSilenceMs = 25_000
/** So much silence without a heartbeat, in a watch that was long enough to see one, if it comes every 15 s. */
const expectedBeatMs = 18_500

/** Whether silence is broken before something on the way gives up. */
export function checkHeartbeat({ main, hops }: Evidence): Finding | undefined {
  // A silence that ended the stream is told as that.
  if (!isStream(main) || main.recording.bytes === 0 || main.ending?.how === 'cut') return undefined
  const longest = Math.max(...silences(main))
  const limit = shortestIdleTimeOut(hops)
  const start = main.recording.bursts[0]?.to ?? 0
  const beats = main.recording.blocks.filter(
    ({ kind, event, at }) => at > start && (kind === 'comment' || event === '$cursor'),
  )
  const tooLong = limit === undefined ? longSilenceMs : Math.min(longSilenceMs, limit.seconds * 1000 * 0.9)
  if (longest > tooLong) {
    const who =
      limit === undefined
        ? ''
        : `${limit.name} gives up after ${limit.seconds} s of silence unless told otherwise. `
    return warning(
      `Nothing came for ${duration(longest)}.`,
      `${who}Common limits are 30 s (CloudFront, Google Cloud), 60 s (nginx, AWS ALB) and 120 s (Cloudflare).`,
      remediesFor('idle-time-out', hops),
    )
  }
  if (beats.length > 0) return ok(`something came after ${duration(longest)} of silence at the latest`)
  if (main.ending !== null) return undefined
  if (longest > expectedBeatMs) {
    return unknown(
      `nothing came for ${duration(longest)}; --wait 70 shows whether a heartbeat comes before time-outs do`,
    )
  }
  return unknown(`it was never silent for more than ${duration(longest)}, so no heartbeat was due`)
}

/** Whether it stays open, and who closed it if it does not. */
export function checkStayingOpen({ main, direct, hops }: Evidence): Finding | undefined {
  if (!isStream(main)) return undefined
  const { ending, recording } = main
  const watched = watchedMs(main)
  if (ending === null) {
    const hint = watched < 65_000 ? '; --wait 70 shows time-outs of 60 s' : ''
    return ok(`open for all of ${duration(watched)}${hint}`)
  }
  const silence = silences(main).at(-1) ?? 0
  const seconds = wholeSeconds(silence)
  const owners = seconds === null ? '' : ownersOf(seconds, hops)
  const whose = owners === '' ? '' : `, the default of ${owners}`
  const remedies = remediesFor('idle-time-out', hops)
  const meaning = 'Clients reconnect each time, and miss what was sent meanwhile unless the stream resumes.'
  const stayed = direct?.head != null && direct.ending === null
  const instead = stayed ? ' Directly from the application it stayed open.' : ''
  if (ending.how === 'cut') {
    const where = recording.isBetweenBlocks ? '' : ', in the middle of an event'
    if (seconds !== null) {
      return problem(
        `Cut off after ${seconds} s of silence${where}: a time-out${whose}.${instead}`,
        meaning,
        remedies,
      )
    }
    const total = wholeSeconds(watched)
    const limit = total === null || total < 5 ? '' : `: perhaps a limit of ${total} s for the whole response`
    return problem(
      `Cut off after ${duration(watched)}${where}${limit} (${ending.reason}).${instead}`,
      meaning,
      [{ where: 'logs', setting: 'look for a crash, a restart or a limit at that moment' }],
    )
  }
  if (owners !== '' || (ending.how === 'unmarked' && seconds !== null && seconds > 1)) {
    return warning(`It ended after ${seconds} s of silence: probably a time-out${whose}.`, meaning, remedies)
  }
  if (recording.events.some(({ event }) => event === '$end'))
    return ok(`finished with $end after ${duration(watched)}`)
  return ok(
    `the server ended it after ${duration(watched)}; an EventSource comes back unless it is answered 204`,
  )
}
