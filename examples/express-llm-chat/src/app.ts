import { fileURLToPath } from 'node:url'
import { sse } from '@rivulet/express'
import express from 'express'
import { createConversations, viewOf } from './conversations.js'
import type { Model } from './models/model.js'

const maxQuestionLength = 4_000

/** The whole application, not yet listening, so that a test can start it on a port of its own. */
export function createChat(model: Model) {
  const app = express()
  const events = sse()
  const conversations = createConversations(model, (error) => console.error('No answer:', error))

  app.disable('x-powered-by')
  app.use(events)
  app.use(express.json({ limit: '64kb' }))
  app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

  // Whoever knows a conversation's address may read it and go on with it, and everybody may begin one, which may cost you
  // money. In your own app put your login and a rate limit here: app.use('/api', requireUser, …)

  app.get('/api/model', (_req, res) => {
    res.json({ name: model.name, isLocal: model.isLocal })
  })

  app.post('/api/conversations', (_req, res) => {
    res.status(201).json({ id: conversations.begin() })
  })

  // Every turn of the conversation: first as it is, then each change. This is what makes two tabs show the same.
  app.get('/api/conversations/:id/events', (req, res) => {
    const conversation = conversations.find(req.params.id)
    if (!conversation) return notFound(res)
    res.sse().subscribe(conversation.channel, {
      snapshot: () => conversation.turns.map((turn) => ({ event: 'turn', data: viewOf(turn) })),
    })
  })

  app.post('/api/conversations/:id/turns', async (req, res) => {
    const conversation = conversations.find(req.params.id)
    if (!conversation) return notFound(res)
    const question: unknown = req.body?.question
    if (typeof question !== 'string' || question.trim() === '' || question.length > maxQuestionLength) {
      res.status(400).json({ error: `Send { "question": "…" }, at most ${maxQuestionLength} characters.` })
      return
    }
    const turn = await conversations.ask(req.params.id, question.trim())
    if (turn) res.status(202).json({ id: turn.id })
    else res.status(409).json({ error: 'The question before is still being answered.' })
  })

  // One answer, token by token. A page that comes in the middle gets it from its beginning; one that was away, what it
  // missed; and one that comes back after the end is told that there is no more (204).
  app.get('/api/conversations/:id/turns/:turn/events', (req, res) => {
    const turn = conversations.find(req.params.id)?.turns.find(({ id }) => id === req.params.turn)
    if (!turn) return notFound(res)
    res.sse().subscribe(conversations.answerOf(turn), { from: 'start' })
  })

  app.post('/api/conversations/:id/turns/:turn/stop', async (req, res) => {
    const turn = conversations.find(req.params.id)?.turns.find(({ id }) => id === req.params.turn)
    if (!turn) return notFound(res)
    await conversations.stop(turn)
    res.sendStatus(204)
  })

  return {
    app,
    /** Ends the answers that are being given, and hangs up all streams, spread over the grace time. */
    async close({ graceMs }: { graceMs: number }): Promise<void> {
      await conversations.stopAll()
      await events.close({ graceMs })
    },
  }
}

function notFound(res: express.Response): void {
  res
    .status(404)
    .json({ error: 'No such conversation. It may have been forgotten when the server was restarted.' })
}
