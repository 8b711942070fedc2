import { SseError, show } from '../wire/sse-error.ts'

const maxTopicCount = 256
const maxTopicCharacters = 256

/**
 * Topics of a subscription: at least one, each a string of 1 to 256 characters, at most 256.
 *
 * @throws SseError `ERR_SSE_TOPICS`
 */
export function checkTopics(topics: unknown): readonly string[] {
  const checked = checkEventTopics(topics)
  if (checked.length > 0) return checked
  throw new SseError(
    'ERR_SSE_TOPICS',
    'topics is empty, so nothing would ever be heard: leave it out to hear everything, or answer that there is nothing to hear.',
    { value: topics },
  )
}

/**
 * Topics of an event: none is legal, twice the same counts once.
 *
 * @throws SseError `ERR_SSE_TOPICS`
 */
export function checkEventTopics(topics: unknown): readonly string[] {
  if (!Array.isArray(topics) || topics.length > maxTopicCount) {
    throw new SseError(
      'ERR_SSE_TOPICS',
      `topics must be an array of at most ${maxTopicCount} strings, not ${show(topics)}.`,
      {
        value: topics,
      },
    )
  }
  for (const topic of topics) {
    if (typeof topic === 'string' && topic !== '' && topic.length <= maxTopicCharacters) continue
    throw new SseError(
      'ERR_SSE_TOPICS',
      `A topic must be a string of 1 to ${maxTopicCharacters} characters, not ${show(topic)}.`,
      {
        value: topic,
      },
    )
  }
  return topics.length > 1 ? [...new Set(topics)] : topics
}
