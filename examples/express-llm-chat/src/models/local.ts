import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Model } from './model.js'

/** An answer ends with the first sentence that ends after so many words. */
const minWords = 70
/** How often the chain looks at one word instead of two where two leave no choice: without it, it would recite. */
const forgetfulness = 0.4

/**
 * A text model of a few lines: a Markov chain over text.txt. It knows which word may follow which two, and nothing of what
 * they mean. It is here so that everything else can be tried without an endpoint.
 */
export function localModel({ tokenMs }: { tokenMs: number }): Model {
  const chain = learn(readFileSync(new URL('text.txt', import.meta.url), 'utf8'))
  return {
    name: 'Markov chain',
    isLocal: true,
    async *answer(messages, signal) {
      let isFirst = true
      for (const word of generate(chain, messages.at(-1)?.content ?? '')) {
        await sleep(tokenMs, undefined, { signal })
        yield isFirst ? word : ` ${word}`
        isFirst = false
      }
    },
  }
}

interface Chain {
  /** What followed one word, and what followed two (joined by a space), as often as it did. */
  readonly next: ReadonlyMap<string, readonly string[]>
  readonly sentences: readonly (readonly string[])[]
}

function learn(text: string): Chain {
  const next = new Map<string, string[]>()
  const sentences: string[][] = [[]]
  const words = text.split(/\s+/).filter((word) => word !== '')
  for (const [index, word] of words.entries()) {
    sentences.at(-1)?.push(word)
    if (endsSentence(word)) sentences.push([])
    const before = words[index - 1]
    const beforeThat = words[index - 2]
    if (before !== undefined) add(next, before, word)
    if (before !== undefined && beforeThat !== undefined) add(next, `${beforeThat} ${before}`, word)
  }
  return { next, sentences: sentences.filter((sentence) => sentence.length > 1) }
}

function add(map: Map<string, string[]>, key: string, word: string): void {
  const list = map.get(key)
  if (list) list.push(word)
  else map.set(key, [word])
}

function* generate({ next, sentences }: Chain, question: string): Generator<string> {
  let [first = '', second = ''] = pick(sentencesAbout(question, sentences))
  yield first
  yield second
  for (let count = 2; count < minWords || !endsSentence(second); count += 1) {
    const ofTwo = next.get(`${first} ${second}`) ?? []
    const leavesNoChoice = new Set(ofTwo).size < 2
    const choices = leavesNoChoice && Math.random() < forgetfulness ? next.get(second) : ofTwo
    // The text's last word has nothing after it.
    const word = choices?.length ? pick(choices) : pick(sentences)[0]
    if (word === undefined) return
    yield word
    ;[first, second] = [second, word]
  }
}

/** The sentences that share a word with the question: of several words, the longest. */
function sentencesAbout(question: string, sentences: Chain['sentences']): Chain['sentences'] {
  const asked = question
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word.length > 3)
    .sort((a, b) => b.length - a.length)
  const found = asked
    .map((word) => sentences.filter((sentence) => sentence.some((one) => one.toLowerCase().startsWith(word))))
    .find((matches) => matches.length > 0)
  return found ?? sentences
}

function endsSentence(word: string): boolean {
  return /[.!?]$/.test(word)
}

function pick<T>(list: readonly T[]): T {
  // An index below the length of a list that has something in it.
  return list[Math.floor(Math.random() * list.length)] as T
}
