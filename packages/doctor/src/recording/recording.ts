import { type Block, BlockScanner, type LineFault } from './block-scanner.ts'
import { stampOf } from './stamp.ts'

/** A block, and when it was complete. */
export interface RecordedBlock extends Block {
  readonly at: number
  /** When the application made the event, by its own clock, as far as the event says so. */
  readonly stampMs: number | null
}

/** What arrived in one go: pieces at most {@link burstGapMs} apart. */
export interface Burst {
  readonly from: number
  to: number
  bytes: number
  blockCount: number
  /** Whether it ended where a block ends. */
  isWhole: boolean
  /** Bytes of the body up to the end of the burst. */
  offset: number
}

/** A fault, how often, and the first line that has it. */
export interface Fault {
  readonly fault: LineFault
  readonly line: string
  count: number
}

/** Pieces that follow each other faster than this arrived in one go. */
const burstGapMs = 10

/** What is kept of long streams; counts go on. */
const maxKept = 20_000
const maxTextKept = 2_000

/** What came of a body, and when. */
export class Recording {
  readonly blocks: RecordedBlock[] = []
  readonly bursts: Burst[] = []
  readonly faults = new Map<LineFault, Fault>()
  /** The beginning of the body as text, for answers that are no stream. */
  text = ''
  bytes = 0
  eventCount = 0
  commentCount = 0
  retryMs: number | null = null
  /** What a client would bring back: the id of the last complete block that had one. */
  lastEventId = ''
  largestBlock = 0
  readonly #scanner: BlockScanner
  #at = 0
  #blockCount = 0

  constructor() {
    this.#scanner = new BlockScanner({
      onBlock: (block) => this.#onBlock(block),
      onFault: (fault, line) => this.#onFault(fault, line),
    })
  }

  get hasBom(): boolean {
    return this.#scanner.hasBom
  }

  get isBetweenBlocks(): boolean {
    return this.#scanner.isBetweenBlocks
  }

  get events(): readonly RecordedBlock[] {
    return this.blocks.filter(({ kind }) => kind === 'event')
  }

  write(bytes: Buffer, at: number): void {
    this.bytes += bytes.length
    this.#at = at
    if (this.text.length < maxTextKept) this.text += bytes.toString('utf8', 0, maxTextKept)
    const before = this.#blockCount
    this.#scanner.write(bytes)
    const blockCount = this.#blockCount - before
    const isWhole = this.#scanner.isBetweenBlocks
    const last = this.bursts.at(-1)
    if (last !== undefined && at - last.to <= burstGapMs) {
      last.to = at
      last.bytes += bytes.length
      last.blockCount += blockCount
      last.isWhole = isWhole
      last.offset = this.bytes
    } else if (this.bursts.length < maxKept) {
      this.bursts.push({ from: at, to: at, bytes: bytes.length, blockCount, isWhole, offset: this.bytes })
    }
  }

  #onBlock(block: Block): void {
    this.#blockCount += 1
    if (block.kind === 'event') this.eventCount += 1
    if (block.kind === 'comment') this.commentCount += 1
    if (block.retryMs !== null) this.retryMs = block.retryMs
    if (block.id !== null) this.lastEventId = block.id
    this.largestBlock = Math.max(this.largestBlock, block.size)
    if (this.blocks.length >= maxKept) return
    const { data } = block
    this.blocks.push({ ...block, data: data.slice(0, maxTextKept), at: this.#at, stampMs: stampOf(data) })
  }

  #onFault(fault: LineFault, line: string): void {
    const known = this.faults.get(fault)
    if (known === undefined) this.faults.set(fault, { fault, line: line.slice(0, 200), count: 1 })
    else known.count += 1
  }
}
