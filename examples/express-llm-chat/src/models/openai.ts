import { parseEventStream } from '@rivulet/client'
import type { Model } from './model.js'

export interface OpenAiOptions {
  /** With its version: `https://api.openai.com/v1`, `http://localhost:11434/v1`. */
  readonly baseUrl: string
  readonly apiKey: string | null
  readonly model: string
}

/**
 * A model behind the chat completions API, which OpenAI made and Ollama, llama.cpp, vLLM, OpenRouter, Mistral and
 * others also speak: https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function openAiModel({ baseUrl, apiKey, model }: OpenAiOptions): Model {
  return {
    name: model,
    isLocal: false,
    async *answer(messages, signal) {
      const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify({ model, messages, stream: true }),
        signal,
      })
      if (!response.ok || response.body === null) {
        throw new Error(`The endpoint answered ${response.status}: ${(await response.text()).slice(0, 500)}`)
      }
      for await (const { data } of parseEventStream(response.body)) {
        // The last event is no JSON. Errors may also come in the middle of an answer.
        if (data === '[DONE]') return
        const chunk = data as CompletionChunk
        if (chunk.error) throw new Error(`The endpoint gave up: ${chunk.error.message}`)
        const text = chunk.choices?.[0]?.delta?.content
        if (text) yield text
      }
    },
  }
}

/** What this program reads of a chunk; endpoints leave out and add what they like. */
interface CompletionChunk {
  choices?: { delta?: { content?: string | null } }[]
  error?: { message?: string }
}
