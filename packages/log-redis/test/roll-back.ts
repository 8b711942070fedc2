import type { Cluster, Redis } from 'ioredis'

/** Takes a channel back to an offset, as a fail-over to a replica that was behind does. */
export async function rollBack(
  admin: Redis | Cluster,
  key: (what: string) => string,
  offset: number,
): Promise<void> {
  const stream = key('stream')
  const kept = await admin.xrange(stream, '-', `0-${offset}`)
  const last = kept.at(-1)?.[1] ?? []
  await admin.del(stream)
  for (const [id, fields] of kept) await admin.xadd(stream, id, ...fields)
  await admin.hset(key('meta'), { head: offset, check: last[1] ?? '0', bytes: last[5] ?? '0', ended: '' })
}
