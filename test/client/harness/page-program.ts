import { type Connection, type ConnectOptions, connect } from '@rivulet/client'

/** What a page keeps over its reloads. */
interface Memory {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

const { sessionStorage: memory } = globalThis as unknown as { sessionStorage: Memory } // every page has one
const seenKey = 'seen'
/** What the page did and saw since it was loaded. */
export const notes: string[] = []
let connection: Connection | undefined

/** Connects with the cursor of the page before, and remembers what comes in the same turn in which it is given. */
export function follow(url: string, taking: 'listeners' | 'loop', options: ConnectOptions = {}): void {
  connection = connect(url, { ...options, store: memory })
  connection.onState((state, error) => notes.push(`${state} ${error?.code ?? ''}`.trim()))
  const see = ({ event, data }: { event: string; data: unknown }) => {
    memory.setItem(seenKey, `${memory.getItem(seenKey) ?? ''}${event}:${JSON.stringify(data)}\n`)
  }
  if (taking === 'listeners') connection.onEvent(see)
  else void takeAll(connection, see)
}

/** All that pages of this session have seen, in order. */
export function seen(): string[] {
  return (memory.getItem(seenKey) ?? '').split('\n').slice(0, -1)
}

/** The bytes of the first event, which are there as base64. */
export async function firstBytes(url: string): Promise<number[]> {
  for await (const { data } of connect(url)) return [...bytesOf(String(data))]
  return []
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

async function takeAll(
  source: Connection,
  see: (event: { event: string; data: unknown }) => void,
): Promise<void> {
  for await (const event of source) see(event)
}
