import type { Pool, PoolClient } from 'pg'

/** Runs something in a transaction, which is rolled back where it throws or says so. */
export async function transaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  { isolation = 'READ COMMITTED', end = 'COMMIT' } = {},
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`)
    const result = await work(client)
    await client.query(end)
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

/** Everything of a channel, oldest first: what its events carry. */
export function dataOf(entries: readonly { readonly data: string }[]): string[] {
  return entries.map(({ data }) => data)
}
