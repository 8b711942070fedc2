import { monitorEventLoopDelay } from 'node:perf_hooks'
import { identifyHops } from '../hops/identify.ts'
import type { ResolvedOptions } from '../options.ts'
import type { Request } from '../transport/message.ts'
import type { Evidence } from './evidence.ts'
import { isRepeatable, preflightRequest, streamRequest } from './requests.ts'
import { probeResume } from './resume.ts'
import { Watch, type WatchOptions } from './watch.ts'
import { isStream } from './watched.ts'

const connectMs = 10_000
/** How much later the companion comes, at most: long enough to find a buffer filled differently. */
const companionDelayMs = 1_500
/** A head that takes longer is worth a look at what HEAD says. */
const slowHeadMs = 1_000
const preflightMs = 5_000
const stallResolutionMs = 20

/** Watches an endpoint and tries what clients do. Rejects for faults of ours only. */
export async function gather(url: URL, options: ResolvedOptions): Promise<Evidence> {
  const giveUp = new AbortController()
  const stop = () => giveUp.abort()
  options.signal?.addEventListener('abort', stop, { once: true })
  if (options.signal?.aborted === true) stop()
  const watchOptions = { insecure: options.insecure, http1: options.http1, connectMs, signal: giveUp.signal }
  try {
    return await gatherUntil(url, options, watchOptions)
  } finally {
    options.signal?.removeEventListener('abort', stop)
    giveUp.abort()
  }
}

async function gatherUntil(
  url: URL,
  options: ResolvedOptions,
  watchOptions: WatchOptions,
): Promise<Evidence> {
  const request = streamRequest(url, options)
  const others = new OtherRequests(request, options, watchOptions)
  const main: Watch = new Watch(request, { ...watchOptions, onChange: () => others.onChange(main) })
  const direct =
    options.direct === undefined ? null : new Watch({ ...request, url: options.direct }, watchOptions)
  const timers = [
    setTimeout(main.stop, options.waitMs),
    setTimeout(() => others.askHead(), Math.min(slowHeadMs, options.waitMs / 2)),
  ]
  const stalls = monitorEventLoopDelay({ resolution: stallResolutionMs })
  stalls.enable()
  await main.over
  stalls.disable()
  for (const timer of timers) clearTimeout(timer)
  direct?.stop()
  others.stop()
  const isRivulet = main.recording.events.some(
    ({ event, data }) => event === '$ready' && data.startsWith('{"channel":'),
  )
  const canResume = isStream(main) && isRepeatable(options) && !watchOptions.signal.aborted
  const resume = canResume ? await probeResume(main, request, isRivulet, watchOptions) : null
  const preflight = await others.askPreflight()
  const { companion, headRequest } = others
  // Where the head is held back, the answer to HEAD is all there is.
  const { headers } = main.head ?? headRequest?.head ?? { headers: {} }
  const hops = identifyHops(headers, main.recording.text)
  return {
    options,
    main,
    companion,
    direct,
    headRequest,
    preflight,
    resume,
    hops,
    isRivulet,
    stallMs: stallOf(stalls.max),
  }
}

/** Of a histogram in nanoseconds, which has its resolution in it. */
function stallOf(maxNs: number): number {
  return Math.max(0, maxNs / 1e6 - stallResolutionMs)
}

/** What else is asked while the stream is being watched. */
class OtherRequests {
  companion: Watch | null = null
  headRequest: Watch | null = null
  #timer: NodeJS.Timeout | undefined
  readonly #request: Request
  readonly #options: ResolvedOptions
  readonly #watchOptions: WatchOptions

  constructor(request: Request, options: ResolvedOptions, watchOptions: WatchOptions) {
    this.#request = request
    this.#options = options
    this.#watchOptions = watchOptions
  }

  onChange(main: Watch): void {
    if (main.isOver || this.#timer !== undefined || !isStream(main)) return
    this.askHead()
    const delayMs = Math.min(companionDelayMs, this.#options.waitMs / 4)
    this.#timer = setTimeout(() => this.#openCompanion(), delayMs)
  }

  askHead(): void {
    if (this.headRequest !== null || !isRepeatable(this.#options)) return
    this.headRequest = new Watch({ ...this.#request, method: 'HEAD' }, this.#watchOptions)
  }

  async askPreflight(): Promise<Watch | null> {
    const request = preflightRequest(this.#request, this.#options)
    if (request === null) return null
    const watch = new Watch(request, this.#watchOptions)
    const timer = setTimeout(watch.stop, preflightMs)
    await watch.over
    clearTimeout(timer)
    return watch
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.companion?.stop()
    this.headRequest?.stop()
  }

  #openCompanion(): void {
    if (!isRepeatable(this.#options)) return
    const headers = { ...this.#request.headers, 'accept-encoding': 'identity' }
    this.companion = new Watch({ ...this.#request, headers }, this.#watchOptions)
  }
}
