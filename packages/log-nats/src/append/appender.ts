import { SseError } from '@rivulet/core'
import { type AppendOutcome, channelEndedError, type QueuedAppend, randomText } from '@rivulet/core/log-kit'
import { interrupted, maxAskMs } from '../connection/link.ts'
import { Requests } from '../connection/requests.ts'
import { logError } from '../log-error.ts'
import { type ReadParts, viewing } from '../read/history-reader.ts'
import { type Answer, decodeAnswer, messageOf, type Publication, publicationOf } from './publication.ts'
import { type Tip, tipAfter, tipOf } from './tip.ts'

/** What is published in one go, and acknowledged once. */
export const batchLimits = { maxEntries: 128, maxBytes: 1024 * 1024 }
const writerLength = 10
/** At least what the headers of a message take. */
const headerBytes = 512
/** Times that another process may be faster until this one waits a little, to let both get on. */
const patientMoves = 2
const maxPauseMs = 10
/** Channels whose newest message is remembered. */
const maxTips = 10_000

export interface AppenderParts extends ReadParts {
  readonly answerMs: number
  /** Called for what was stored. */
  onStored(channel: string, count: number, payloadBytes: number): void
}

/** One batch on its way. */
interface Batch {
  readonly channel: string
  /** Made once: there is a hash in it. */
  readonly subject: string
  readonly doing: string
  readonly publications: readonly Publication[]
  readonly outcomes: AppendOutcome[]
  readonly deadline: number
  /** How many are published in one go: one by one once it is not known what became of them. */
  size: number
  moves: number
}

/**
 * Stores batches. Each message names the one that it has to come right behind, and the server stores it there or not at all: so
 * what lies before it is known, nothing comes behind an end, and whatever is sent twice or late keeps its place. A batch is such a
 * chain, and its last answer speaks for all.
 */
export class Appender {
  readonly #parts: AppenderParts
  readonly #requests: Requests
  readonly #tips = new Map<string, Tip>()
  readonly #writer = randomText(writerLength)
  #count = 0

  constructor(parts: AppenderParts) {
    this.#parts = parts
    this.#requests = new Requests(parts.link, Math.min(parts.answerMs, maxAskMs))
  }

  async store(appends: readonly QueuedAppend[]): Promise<readonly AppendOutcome[]> {
    const channel = appends[0]?.channel ?? ''
    const doing = `Appending to channel "${channel}"`
    const publications = appends.map((append) => publicationOf(append, () => this.#freshId()))
    const deadline = performance.now() + this.#parts.answerMs
    const size = publications.length
    const subject = this.#parts.streams.names.subject(channel)
    const batch: Batch = { channel, subject, doing, publications, outcomes: [], deadline, size, moves: 0 }
    try {
      while (batch.outcomes.length < publications.length) await this.#storeSome(batch)
    } catch (error) {
      this.forget(channel)
      const refusal = logError(doing, error)
      while (batch.outcomes.length < publications.length) batch.outcomes.push(refusal)
    }
    return batch.outcomes
  }

  /** The newest message may be another. */
  forget(channel: string): void {
    this.#tips.delete(channel)
  }

  close(): void {
    this.#requests.close()
  }

  async #storeSome(batch: Batch): Promise<void> {
    await this.#pause(batch)
    const { channel, outcomes, publications } = batch
    const known = this.#tips.get(channel)
    // One that has ended may have been deleted since, and begun anew.
    const tip = known === undefined || known.isEnded ? await this.#load(batch) : known
    const [first] = publications.slice(outcomes.length)
    if (first === undefined) return
    const tooLarge = this.#tooLarge(first, batch)
    if (tooLarge !== null) outcomes.push(tooLarge)
    else if (tip.isEnded) outcomes.push(...(await this.#storeBehindEnd(tip, first, batch)))
    else await this.#publish(tip, this.#nextRun(batch), batch)
  }

  /** What can be published in one go: up to an end, and up to one that does not fit. */
  #nextRun(batch: Batch): Publication[] {
    const from = batch.outcomes.length
    const run: Publication[] = []
    for (const publication of batch.publications.slice(from, from + batch.size)) {
      if (this.#tooLarge(publication, batch) !== null) break
      run.push(publication)
      if (publication.isEnd) break
    }
    return run
  }

  async #publish(tip: Tip, run: readonly Publication[], batch: Batch): Promise<void> {
    let last = tip
    const asked: Promise<Answer>[] = []
    run.forEach((publication, index) => {
      const isAnswered = index === 0 || index === run.length - 1
      if (isAnswered) {
        const answer = this.#ask(publication, last, batch)
        // Waited for below, unless the next one cannot even be sent.
        answer.catch(() => {})
        asked.push(answer)
      } else {
        this.#tell(publication, last, batch)
      }
      last = tipAfter(last, publication)
    })
    const answers = await this.#parts.link.unlessInterrupted(Promise.all(asked))
    const [first, final] = answers === interrupted ? [] : [answers[0], answers.at(-1)]
    if (first?.kind === 'moved') {
      // All the others were to come behind the first.
      batch.moves += 1
      this.forget(batch.channel)
    } else if (final?.kind === 'stored' && final.offset === last.offset) {
      this.#settle(tip, last, run, batch)
    } else if (first?.kind === 'duplicate' && run.length === 1) {
      for (const publication of run) {
        batch.outcomes.push(await this.#positionOf(publication, tip, first.offset, batch))
      }
    } else {
      batch.size = 1
      this.forget(batch.channel)
    }
  }

  #settle(tip: Tip, last: Tip, run: readonly Publication[], batch: Batch): void {
    this.#remember(batch.channel, last)
    let bytes = 0
    run.forEach(({ check, payloadBytes }, index) => {
      bytes += payloadBytes
      batch.outcomes.push({ epoch: tip.epoch, offset: tip.offset + 1 + index, check })
    })
    this.#parts.onStored(batch.channel, run.length, bytes)
  }

  /** Where nothing is stored any more: a key may have been stored before. Gives nothing where the channel was begun anew. */
  async #storeBehindEnd(tip: Tip, publication: Publication, batch: Batch): Promise<AppendOutcome[]> {
    if (!publication.isKeyed) return [channelEndedError(batch.channel)]
    // The server looks for the id first. No message can come behind one that there will never be.
    const nowhere = { ...tip, offset: tip.offset + 1 }
    const asked = this.#ask(publication, nowhere, batch)
    const answer = await this.#parts.link.unlessInterrupted(asked)
    if (answer === interrupted || answer.kind === 'none') return []
    if (answer.kind === 'moved') return answer.isElsewhere ? [] : [channelEndedError(batch.channel)]
    return [await this.#positionOf(publication, tip, answer.offset, batch)]
  }

  #tell(publication: Publication, tip: Tip, batch: Batch): void {
    const { body, headers } = messageOf(publication, tip)
    this.#parts.link.connection.publish(batch.subject, body, { headers })
  }

  async #ask(publication: Publication, tip: Tip, batch: Batch): Promise<Answer> {
    const { body, headers } = messageOf(publication, tip)
    const answer = await this.#requests.ask(batch.subject, body, headers)
    return answer === null ? { kind: 'none' } : decodeAnswer(answer)
  }

  /** A message with this id was stored before: by this append, or by another with its key. */
  async #positionOf(
    { isKeyed, check }: Publication,
    { epoch, stream }: Tip,
    offset: number,
    { doing }: Batch,
  ): Promise<AppendOutcome> {
    if (!isKeyed) return { epoch, offset, check }
    const message = await this.#parts.messages.get(stream, offset, doing)
    if (message !== null) return { epoch, offset, check: message.entry.check }
    const cause = new Error(`the first entry with its key, at offset ${offset}, is not there any more`)
    return new SseError('ERR_SSE_LOG_ENGINE', `${doing} failed: ${cause.message}.`, { cause })
  }

  async #load({ channel, doing }: Batch): Promise<Tip> {
    const { link, streams, messages } = this.#parts
    const history = await link.run({ doing, ask: (api) => streams.open(api, channel) })
    const newest = history.head === 0 ? null : await messages.get(history.stream, history.head, doing)
    const tip =
      newest !== null || history.head === 0
        ? tipOf(history, newest)
        : await viewing(this.#parts, channel, doing, undefined, async (view) =>
            tipOf(view.history, view.bounds.newest),
          )
    this.#remember(channel, tip)
    return tip
  }

  /** Waits for the connection, and a little where others are faster again and again. */
  async #pause({ deadline, moves }: Batch): Promise<void> {
    const { link } = this.#parts
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) throw link.late()
    if (link.connection.isClosed()) throw new Error('the connection was closed')
    if (!link.isUp) await link.untilUp(leftMs)
    if (moves > patientMoves) await new Promise((resolve) => setTimeout(resolve, Math.random() * maxPauseMs))
  }

  #tooLarge({ append }: Publication, { doing }: Batch): SseError | null {
    const limit = this.#parts.link.connection.info?.max_payload ?? Number.POSITIVE_INFINITY
    // A character has at most three bytes: most need not be counted.
    if (append.text.length * 3 + headerBytes <= limit) return null
    const bytes = Buffer.byteLength(append.text) + headerBytes
    if (bytes <= limit) return null
    return logError(doing, new Error(`${bytes} bytes are more than the server's max_payload (${limit})`))
  }

  #freshId(): string {
    this.#count += 1
    return `${this.#writer}-${this.#count.toString(36)}`
  }

  #remember(channel: string, tip: Tip): void {
    this.#tips.delete(channel)
    this.#tips.set(channel, tip)
    for (const oldest of this.#tips.keys()) {
      if (this.#tips.size <= maxTips) break
      this.#tips.delete(oldest)
    }
  }
}
