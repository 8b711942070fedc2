import { localModel } from './local.js'
import { openAiModel } from './openai.js'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** What answers. To connect another kind of model, implement this and return it from `chooseModel`. */
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

/** The endpoint that the environment names, else the model in this folder. */
export function chooseModel(env: NodeJS.ProcessEnv): Model {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, MODEL: model } = env
  if (!apiKey && !baseUrl) return localModel({ tokenMs: Number(env.LOCAL_TOKEN_MS ?? 45) })
  return openAiModel({
    baseUrl: baseUrl || 'https://api.openai.com/v1',
    // Servers of one's own (Ollama, llama.cpp, vLLM) need no key.
    apiKey: apiKey || null,
    model: model || 'gpt-4o-mini',
  })
}
