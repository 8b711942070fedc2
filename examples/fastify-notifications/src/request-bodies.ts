/** What the page sends, as Fastify checks it and /docs shows it. */

const session = [{ session: [] }]

export interface Login {
  readonly person: string
}

export const login = {
  tags: ['session'],
  summary: 'Log in',
  body: {
    type: 'object',
    required: ['person'],
    properties: { person: { type: 'string', maxLength: 100, examples: ['ada'] } },
  },
}

export interface Send {
  readonly to: string
  readonly text: string
}

export const send = {
  tags: ['notifications'],
  summary: 'Notify a person or a team',
  security: session,
  body: {
    type: 'object',
    required: ['to', 'text'],
    properties: {
      to: { type: 'string', maxLength: 100, examples: ['team:design'] },
      text: { type: 'string', maxLength: 200, pattern: '\\S', examples: ['Lunch is here.'] },
    },
  },
}

export interface Read {
  readonly ids: readonly string[]
}

export const read = {
  tags: ['notifications'],
  summary: 'Mark notifications as read',
  security: session,
  body: {
    type: 'object',
    required: ['ids'],
    properties: { ids: { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 100 } } },
  },
}
