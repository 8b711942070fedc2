import { createChannel } from '@rivulet/express'

/** From quiet to loud, with pino's numbers. */
export const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const
export type Level = keyof typeof levels

/** What one event carries: a log line, or many of one kind. */
export interface Entry {
  level: Level
  /** Of the newest line, in milliseconds since 1970. */
  at: number
  message: string
  /** What else the newest line has. */
  details: Record<string, unknown>
  /** What lines have to have in common to be coalesced. */
  kind: string
  /** How many lines this stands for: 1 unless there was a flood. */
  lines: number
  /** Whether more came at once than are told apart. A page that is slow then gets the newest of each kind. */
  isFlood: boolean
  /** Lines of this kind since the server started. With it the page knows how many it was not sent. */
  linesOfKind: number
}

/** Lines go out together after so long, at the latest. */
const collectMs = 100
/** So many of them as they are; what goes beyond is counted in the newest of its kind, and so is what follows on that. */
const maxSingles = 20
/** Kinds that are told apart within `collectMs`; then only levels are. */
const maxKinds = 400
/** Kinds that are remembered at all: visitors can make up paths, and so kinds, as they like. */
const maxKnownKinds = 10_000
/** Entries a page gets as history when it is opened. */
const maxHistory = 2_000

/**
 * Makes a channel of what pino writes: give `feed` to pino as a destination. A flood becomes at most a few hundred events
 * per `collectMs`, each with the number of lines that it stands for. Nothing is left out silently, and memory stays bounded.
 */
export function createLogFeed() {
  const channel = createChannel<{ entry: Entry }>('log', { retention: { maxEvents: maxHistory } })
  const linesOfKind = new Map<string, number>()
  let waiting: Entry[] = []
  let waitingLines = 0
  let singles = maxSingles
  let timer: NodeJS.Timeout | undefined
  let isPublishing = false

  function write(line: string): void {
    const entry = readLine(line)
    const isNew = !linesOfKind.has(entry.kind)
    if (waiting.length >= maxKinds || (isNew && linesOfKind.size >= maxKnownKinds)) entry.kind = entry.level
    entry.linesOfKind = (linesOfKind.get(entry.kind) ?? 0) + 1
    linesOfKind.set(entry.kind, entry.linesOfKind)

    waitingLines += 1
    const same = waitingLines <= singles ? undefined : waiting.findLast(({ kind }) => kind === entry.kind)
    if (same) Object.assign(same, entry, { lines: same.lines + 1 })
    else waiting.push(entry)
    timer ??= setTimeout(flush, collectMs)
  }

  /** One flush at a time: where the channel's log is slow, more lines are counted together meanwhile. */
  async function flush(): Promise<void> {
    timer = undefined
    if (isPublishing || waiting.length === 0) return
    isPublishing = true
    const isFlood = waitingLines > maxSingles
    singles = isFlood ? 0 : maxSingles
    waitingLines = 0
    const entries = waiting.map((entry) => ({ ...entry, isFlood })).sort((a, b) => a.at - b.at)
    waiting = []
    try {
      await Promise.all(
        entries.map((entry) =>
          channel.publish({ event: 'entry', data: entry, topics: [topicOf(entry.level)] }),
        ),
      )
    } catch (error) {
      // Not to the logger, whose lines would come here again.
      process.stderr.write(`Log lines could not be published: ${error}\n`)
    }
    isPublishing = false
    if (waiting.length > 0) timer ??= setTimeout(flush, collectMs)
  }

  return {
    channel,
    /** What pino writes to. */
    destination: { write },
    async close(): Promise<void> {
      clearTimeout(timer)
      await flush()
    },
  }
}

/** The topics of a level and of all that are louder. Which they are is decided here, whatever a page asks for. */
export function topicsFrom(level: Level): string[] {
  const names = Object.keys(levels) as Level[] // TypeScript knows an object's keys as strings only.
  return names.filter((name) => levels[name] >= levels[level]).map(topicOf)
}

export function isLevel(name: unknown): name is Level {
  return typeof name === 'string' && Object.hasOwn(levels, name)
}

function topicOf(level: Level): string {
  return `level:${level}`
}

function readLine(line: string): Entry {
  // pino writes one JSON object per line. What every line has is not worth showing.
  const { level: number, time, msg, pid: _pid, hostname: _hostname, ...details } = JSON.parse(line)
  const message = String(msg ?? '')
  const level =
    number >= levels.error
      ? 'error'
      : number >= levels.warn
        ? 'warn'
        : number >= levels.info
          ? 'info'
          : 'debug'
  return {
    level,
    at: Number(time),
    message,
    details,
    kind: kindOf(level, message),
    lines: 1,
    isFlood: false,
    linesOfKind: 0,
  }
}

/**
 * Lines of one level whose messages differ by numbers alone are of one kind. Good messages say what happened and leave the
 * values to the fields; if yours carry names as well, take those out here.
 */
function kindOf(level: Level, message: string): string {
  return `${level} ${message.slice(0, 200).replace(/\b[\da-f]*\d[\da-f-]*\b/gi, '#')}`
}
