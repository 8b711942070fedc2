import type { Evidence } from '../probes/evidence.ts'
import { isStream } from '../probes/watched.ts'
import type { LineFault } from '../recording/block-scanner.ts'
import {
  count,
  duration,
  type Finding,
  inApplication,
  ok,
  problem,
  quote,
  unknown,
  warning,
} from './finding.ts'

const write = inApplication(
  'write lines that end in LF, each "field: value", and a blank line after each event',
)

const faults: Readonly<Record<LineFault, { isProblem: boolean; says: string; meaning: string }>> = {
  'unknown field': {
    isProblem: true,
    says: 'lines that are no field',
    meaning: 'Clients ignore them. Data with a line break in it needs "data: " before each of its lines.',
  },
  'NUL in id': {
    isProblem: true,
    says: 'ids with NUL',
    meaning: 'Clients ignore such ids, so they resume at the wrong place.',
  },
  'invalid UTF-8': {
    isProblem: true,
    says: 'bytes that are not UTF-8',
    meaning: 'Clients see replacement characters. Look for binary data, or characters that were cut in two.',
  },
  'BOM inside': {
    isProblem: true,
    says: 'a byte order mark in the middle',
    meaning: 'It belongs to the name of the field then, which clients ignore.',
  },
  'invalid retry': {
    isProblem: false,
    says: 'retry fields that are no whole number',
    meaning: 'Clients ignore them.',
  },
  CR: {
    isProblem: true,
    says: 'lines that end in CR alone',
    meaning: 'It is allowed, but clients in use deliver such events late or never.',
  },
  CRLF: {
    isProblem: false,
    says: 'lines that end in CRLF',
    meaning: 'It is allowed, and costs bytes; hand-written clients that look for "\\n\\n" find no events.',
  },
}

const largeBlock = 1_048_576

/** Whether clients understand every line. */
export function checkFormat({ main }: Evidence): Finding | undefined {
  const { recording } = main
  if (!isStream(main) || recording.bytes === 0) return undefined
  const found = [...recording.faults.values()]
  const worst = found.find(({ fault }) => faults[fault].isProblem) ?? found[0]
  if (worst !== undefined) {
    const { isProblem, meaning } = faults[worst.fault]
    const listed = found.map(({ fault, count: times }) => `${faults[fault].says} (${count(times, 'time')})`)
    const example = worst.line.trim() === '' ? '' : `, such as ${quote(worst.line)}`
    return (isProblem ? problem : warning)(`There are ${listed.join(', ')}${example}.`, meaning, write)
  }
  if (recording.hasBom) {
    return warning(
      'It begins with a byte order mark.',
      'Some clients lose the first event.',
      inApplication('write UTF-8 without BOM'),
    )
  }
  if (main.ending !== null && main.ending.how !== 'cut' && !recording.isBetweenBlocks) {
    return warning('The last event has no blank line after it.', 'Clients throw it away.', write)
  }
  if (recording.largestBlock > largeBlock) {
    const size = `${(recording.largestBlock / largeBlock).toFixed(1)} MB`
    return warning(`One event has ${size}.`, 'It holds up all others on its connection.')
  }
  const { eventCount, commentCount } = recording
  return ok(`${count(eventCount, 'event')} and ${count(commentCount, 'comment')}, all as they should be`)
}

const minRetryMs = 500
const maxRetryMs = 120_000

/** How soon clients come back. */
export function checkRetry({ main }: Evidence): Finding | undefined {
  if (!isStream(main) || main.recording.bytes === 0) return undefined
  const { retryMs } = main.recording
  if (retryMs === null) return ok('none: browsers choose, 2 to 5 s')
  const remedy = inApplication('retry: 3000, with some jitter')
  if (retryMs < minRetryMs) {
    return warning(
      `Clients come back after ${retryMs} ms.`,
      'When a server restarts all of them come at once, again and again.',
      remedy,
    )
  }
  if (retryMs > maxRetryMs) {
    return warning(
      `Clients come back after ${duration(retryMs)}.`,
      'Every hiccup costs them that long.',
      remedy,
    )
  }
  return ok(`clients come back after ${duration(retryMs)}`)
}

const maxIdBytes = 128

/** Whether events can be resumed from. */
export function checkIds({ main }: Evidence): Finding | undefined {
  if (!isStream(main) || main.recording.bytes === 0) return undefined
  const { recording, ending } = main
  const ids = recording.blocks.flatMap(({ id }) => (id === null ? [] : [id]))
  const odd = ids.find((id) => /[^\x21-\x7e]/.test(id))
  if (odd !== undefined) {
    return problem(
      `The id ${quote(odd)} has other characters than printable ASCII.`,
      'Some clients never reconnect after it, since it cannot be put into a header.',
      inApplication('ids of [A-Za-z0-9._-], at most 128 bytes'),
    )
  }
  const unsafe = ids.find((id) => id.length > maxIdBytes || /["():<>?@[\\\]{}]/.test(id))
  if (unsafe !== undefined) {
    return warning(
      `The id ${quote(unsafe)} is not safe for CORS.`,
      'On another site each reconnect costs a preflight, which the server has to allow.',
      inApplication('ids of [A-Za-z0-9._-], at most 128 bytes'),
    )
  }
  if (ids.length > 0) return ok(`such as ${quote(recording.lastEventId || (ids[0] ?? ''))}`)
  if (recording.eventCount === 0) return unknown('no event came')
  if (ending !== null) return ok('none: a client that loses the connection begins anew')
  return warning(
    'Events have no ids.',
    'What is sent while a client is away is lost, and nobody is told.',
    inApplication(
      'give events ids and replay what follows Last-Event-ID, or send the whole state on each connect',
    ),
  )
}
