import { remediesFor } from '../hops/remedies.ts'
import type { Evidence } from '../probes/evidence.ts'
import type { Watched } from '../probes/watched.ts'
import { firstBytesMs, isStream, watchedMs } from '../probes/watched.ts'
import { count, duration, type Finding, ok, problem, unknown, warning } from './finding.ts'
import { delays, type HoldBack, holdBacksOf, isSteady, promptPieces, unequalArrivals } from './hold-back.ts'

const meaning =
  'Something on the way collects the stream and passes it on in lumps, so clients hear of events late.'
const maybe = 'This looks like a buffer on the way, though the application may write like this.'
/** By so much an event may be later behind proxies than before them. */
const maxDelayMs = 300

/** Whether what is written arrives, or waits for more. */
export function checkBuffering(evidence: Evidence): Finding | undefined {
  const { hops, direct } = evidence
  const subject = uncompressed(evidence)
  if (!isStream(evidence.main) || subject === null) return undefined
  const found = direct === null ? [] : delays(subject.recording, direct.recording)
  const late = found.filter((ms) => ms >= maxDelayMs)
  const signs = [...holdBacksOf(subject, evidence.stallMs), unequalArrivals(evidence) ?? []].flat()
  const remedies = remediesFor('buffering', hops)
  // A few may be a network that stood still for once.
  if (late.length >= Math.max(2, found.length / 4)) {
    const text = `${count(late.length, 'event')} came up to ${duration(Math.max(...late))} later than directly from the application.`
    return problem(text, meaning, remedies)
  }
  const certain = signs.filter(({ isCertain }) => isCertain)
  if (certain.length > 0) return problem(textOf(certain), meaning, remedies)
  if (signs.length > 0) return warning(textOf(signs), maybe, remedies)
  return promptness(subject)
}

function textOf(signs: readonly HoldBack[]): string {
  return signs.map(({ message }) => message).join(' ')
}

function promptness(subject: Watched): Finding {
  const { recording } = subject
  const prompt = promptPieces(subject)
  const [smallest] = [...prompt].sort((a, b) => a.bytes - b.bytes)
  if (smallest !== undefined) {
    return ok(`nothing waits for more: ${count(smallest.bytes, 'byte')} came through alone`)
  }
  if (isSteady(subject)) return ok('small pieces, or single events, arrive steadily')
  const what = `${count(recording.eventCount, 'event')}, ${count(recording.bytes, 'byte')}`
  return unknown(
    `what came (${what} in ${duration(watchedMs(subject))}) is not enough to tell; watch longer with --wait, or compare with --direct`,
  )
}

/** The connection that shows buffering and nothing else. */
function uncompressed({ main, companion }: Evidence): Watched | null {
  return codingOf(main) === '' ? main : companion !== null && isStream(companion) ? companion : null
}

function codingOf({ head }: Watched): string {
  const coding = (head?.headers['content-encoding'] ?? '').toLowerCase()
  return coding === 'identity' ? '' : coding
}

/** Whether it is compressed, and whether that holds events back. */
export function checkCompression(evidence: Evidence): Finding | undefined {
  const { main, companion, hops, stallMs } = evidence
  if (!isStream(main)) return undefined
  const coding = codingOf(main)
  if (coding === '') return ok('none, though it was offered')
  const remedies = remediesFor('compression', hops)
  if (main.codingError !== null) {
    return problem(`Content-Encoding ${coding}: ${main.codingError}.`, 'Clients cannot read it.', remedies)
  }
  const holding = 'The compressor waits for more before it lets anything out, so clients hear of events late.'
  const plainFirst = companion === null ? null : firstBytesMs(companion)
  if (main.recording.bytes === 0 && plainFirst !== null) {
    const text = `Compressed (${coding}), and nothing came out in ${duration(watchedMs(main))}; uncompressed, bytes came after ${duration(plainFirst)}.`
    return problem(text, holding, remedies)
  }
  const signs = holdBacksOf(main, stallMs)
  const isCompanionPrompt = companion !== null && holdBacksOf(companion, stallMs).length === 0
  if (signs.some(({ isCertain }) => isCertain) || (signs.length > 0 && isCompanionPrompt)) {
    return problem(`Compressed (${coding}). ${textOf(signs)}`, holding, remedies)
  }
  if (main.recording.bytes === 0) {
    return warning(`Compressed (${coding}), and nothing came out so far.`, holding, remedies)
  }
  const cost =
    'It works as long as every event is flushed, and costs each connection the memory of a compressor.'
  return warning(`Compressed (${coding}).`, cost, remedies)
}
