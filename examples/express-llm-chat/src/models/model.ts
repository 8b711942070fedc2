export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** What answers. To connect another kind of model, implement this and return it from `chooseModel` (choose-model.ts). */
export interface Model {
  /** Shown on the page. */
  readonly name: string
  /** Whether it runs in this process and needs no endpoint. */
  readonly isLocal: boolean
  /**
   * Pieces of the answer as they come.
   *
   * @param messages The conversation so far, oldest first; the last one is the question.
   * @param signal Aborted by the Stop button: the iteration then rejects, and an endpoint is told to stop working.
   */
  answer(messages: readonly Message[], signal: AbortSignal): AsyncIterable<string>
}
