import { randomUUID } from 'node:crypto'
import { type Channel, createChannel } from '@rivulet/express'
import type { Message, Model } from './models/model.js'

/** How many conversations are remembered; the one that was quiet for longest goes first. */
const maxConversations = 500
/** What the model is told before everything else. */
const instructions =
  'You are a helpful assistant. Answer in plain language, and be brief unless asked otherwise.'

/** A question and its answer. This is also what pages get, so put nothing secret into it. */
export interface Turn {
  readonly id: string
  readonly question: string
  /** `running`: the answer is on its channel, token by token, and `answer` is empty for pages. */
  state: 'running' | 'done' | 'stopped' | 'failed'
  answer: string
  readonly model: string
}

/** What pages hear of a conversation: each turn when it begins and when it is over. */
type ConversationEvents = { turn: Turn }
/** What they hear of an answer. */
type AnswerEvents = { token: { text: string } }

interface Conversation {
  readonly turns: Turn[]
  readonly channel: Channel<ConversationEvents>
}

/**
 * Conversations live in this process's memory. To keep them, store `turns` in your database; to run more than one process,
 * also give both channels a log that they share.
 */
export function createConversations(model: Model, report: (error: unknown) => void) {
  const conversations = new Map<string, Conversation>()
  const running = new Map<Turn, { readonly abort: AbortController; readonly done: Promise<void> }>()

  return {
    /** @returns its id, which nobody can guess. */
    begin(): string {
      const id = randomUUID()
      conversations.set(id, { turns: [], channel: createChannel(`conversation:${id}`) })
      const [quietest] = conversations.keys()
      if (conversations.size > maxConversations && quietest !== undefined) conversations.delete(quietest)
      return id
    },

    find: (id: string): Conversation | undefined => conversations.get(id),

    /** Begins a turn; `null` while the one before is still being answered, or without such a conversation. */
    async ask(id: string, question: string): Promise<Turn | null> {
      const conversation = conversations.get(id)
      if (!conversation || conversation.turns.some(({ state }) => state === 'running')) return null
      const messages = messagesOf(conversation.turns, question)
      const turn: Turn = { id: randomUUID(), question, state: 'running', answer: '', model: model.name }
      conversation.turns.push(turn)
      // Behind all others, as the one used last.
      conversations.delete(id)
      conversations.set(id, conversation)

      const abort = new AbortController()
      const done = answer(turn, messages, conversation.channel, abort.signal)
        .catch(report)
        .finally(() => running.delete(turn))
      running.set(turn, { abort, done })
      return turn
    },

    answerOf,

    /** What has been said stays. Nothing happens where the answer is over. */
    async stop(turn: Turn): Promise<void> {
      const answering = running.get(turn)
      answering?.abort.abort()
      await answering?.done
    },

    async stopAll(): Promise<void> {
      await Promise.all([...running.keys()].map((turn) => this.stop(turn)))
    },
  }

  /** One channel per answer. It is forgotten an hour after its last token; the text stays in the turn. */
  function answerOf({ id }: Turn): Channel<AnswerEvents> {
    return createChannel(`answer:${id}`, { retention: { maxEvents: 50_000, idleMs: 3_600_000 } })
  }

  /** The model works for the conversation, not for a page: it goes on whoever reloads, leaves or comes. */
  async function answer(
    turn: Turn,
    messages: readonly Message[],
    conversation: Channel<ConversationEvents>,
    signal: AbortSignal,
  ): Promise<void> {
    const tokens = answerOf(turn)
    await conversation.publish({ event: 'turn', data: viewOf(turn) })
    try {
      for await (const text of model.answer(messages, signal)) {
        turn.answer += text
        await tokens.publish({ event: 'token', data: { text } })
      }
      turn.state = 'done'
    } catch (error) {
      turn.state = signal.aborted ? 'stopped' : 'failed'
      // Pages are told that it failed; why is for the server's log.
      if (!signal.aborted) report(error)
    }
    await conversation.publish({ event: 'turn', data: viewOf(turn) })
    // Pages that listen, and those that come back later, get what is left and then the end.
    await tokens.end()
  }
}

/** A turn as pages get it. */
export function viewOf(turn: Turn): Turn {
  return turn.state === 'running' ? { ...turn, answer: '' } : { ...turn }
}

function messagesOf(turns: readonly Turn[], question: string): Message[] {
  const said = turns.flatMap((turn): Message[] => [
    { role: 'user', content: turn.question },
    { role: 'assistant', content: turn.answer },
  ])
  return [{ role: 'system', content: instructions }, ...said, { role: 'user', content: question }]
}
