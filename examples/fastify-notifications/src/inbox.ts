import type { Redis } from 'ioredis'
import type { Notification } from './events.js'

/** How many notifications a person keeps. Older ones go, read or not. */
const maxNotifications = 50

/**
 * What everybody has, read and unread: the state that the stream tells the changes of. In your own app this is a table of your
 * database.
 */
export interface Inbox {
  add(people: readonly string[], notification: Notification): Promise<void>
  /** Newest first. */
  list(person: string): Promise<Notification[]>
  /** @returns the ids of those that were unread before */
  markRead(person: string, ids: readonly string[]): Promise<string[]>
}

/** In this process: gone after a restart. */
export function createMemoryInbox(): Inbox {
  const inboxes = new Map<string, Notification[]>()
  return {
    async add(people, notification) {
      for (const person of people) {
        const others = inboxes.get(person) ?? []
        inboxes.set(person, [{ ...notification }, ...others].slice(0, maxNotifications))
      }
    },
    async list(person) {
      return structuredClone(inboxes.get(person) ?? [])
    },
    async markRead(person, ids) {
      const found = (inboxes.get(person) ?? []).filter(({ id, isRead }) => !isRead && ids.includes(id))
      for (const notification of found) notification.isRead = true
      return found.map(({ id }) => id)
    },
  }
}

/** In Redis, one hash for each person: shared by all processes. */
export function createRedisInbox(redis: Redis, prefix = 'notifications:'): Inbox {
  const list = async (person: string): Promise<Notification[]> => {
    const values = Object.values(await redis.hgetall(prefix + person))
    return values.map((json) => JSON.parse(json) as Notification).sort((one, other) => other.at - one.at)
  }
  return {
    async add(people, notification) {
      for (const person of people) {
        await redis.hset(prefix + person, notification.id, JSON.stringify(notification))
        const tooMany = (await list(person)).slice(maxNotifications).map(({ id }) => id)
        if (tooMany.length > 0) await redis.hdel(prefix + person, ...tooMany)
      }
    },
    list,
    async markRead(person, ids) {
      const found = (await list(person)).filter(({ id, isRead }) => !isRead && ids.includes(id))
      for (const notification of found) {
        await redis.hset(prefix + person, notification.id, JSON.stringify({ ...notification, isRead: true }))
      }
      return found.map(({ id }) => id)
    },
  }
}
