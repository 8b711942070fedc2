import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { until } from './until.ts'

/**
 * Waits until a replica has all that was written so far. WAIT does not tell: it counts a replica whose first copy is still on its
 * way, and asks for no more than what its own connection has written.
 */
export async function untilReplicated(primary: Redis, replica: Redis): Promise<void> {
  const mark = randomUUID()
  await primary.set('rivulet-test', mark)
  // Refused while it loads.
  const hasMark = () => replica.get('rivulet-test').then((value) => value === mark)
  await until(() => hasMark().catch(() => false))
}
