import { localModel } from './local.js'
import type { Model } from './model.js'
import { openAiModel } from './openai.js'

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
