import { asLog, functionSql } from './functions.ts'

/** How often somebody cleans up, whoever of all processes comes first. */
const everySql = "interval '50 seconds'"
/** A channel that is followed is marked as used at most that often: see `keep`. */
const graceSql = "interval '5 minutes'"

/** A standby, or a session that may not write, has nothing to do here, and nothing to complain of. */
const isReadOnlySql = "current_setting('transaction_read_only')::boolean"

/** Cleaning up, a bounded piece at a time. Rows that somebody else has locked are left for the next time, so nothing waits. */
export function upkeepSql(schema: string): string {
  return [
    functionSql({
      // Says that these channels are still followed.
      name: `${schema}.keep`,
      parameters: 'names text[]',
      returns: 'void',
      kind: `VOLATILE ${asLog}`,
      body: `
BEGIN
  IF ${isReadOnlySql} THEN RETURN; END IF;
  UPDATE ${schema}.channels SET used_at = clock_timestamp() WHERE name IN (
    SELECT name FROM ${schema}.channels WHERE name = ANY (names) AND used_at < clock_timestamp() - least(${graceSql}, idle_ms * interval '0.25 ms')
    FOR UPDATE SKIP LOCKED
  );
END`,
    }),
    functionSql({
      name: `${schema}.clean`,
      parameters: 'notify boolean',
      returns: 'void',
      kind: `VOLATILE ${asLog}`,
      body: `
DECLARE
  c ${schema}.channels;
BEGIN
  IF ${isReadOnlySql} THEN RETURN; END IF;
  UPDATE ${schema}.upkeep SET done_at = clock_timestamp() WHERE ctid IN (
    SELECT ctid FROM ${schema}.upkeep WHERE done_at < clock_timestamp() - ${everySql} FOR UPDATE SKIP LOCKED
  );
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM ${schema}.idempotency_keys WHERE (channel_id, key) IN (
    SELECT channel_id, key FROM ${schema}.idempotency_keys WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED
  );
  DELETE FROM ${schema}.fences WHERE made_at < clock_timestamp() - interval '1 day';
  FOR c IN
    SELECT * FROM ${schema}.channels
      WHERE idle_ms IS NOT NULL AND used_at < clock_timestamp() - greatest(${graceSql}, idle_ms * interval '1 ms') LIMIT 100 FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM ${schema}.drop_history(c);
    c.epoch := '-';
    IF notify THEN PERFORM ${schema}.tell(c); END IF;
  END LOOP;
  FOR c IN
    SELECT * FROM ${schema}.channels
      WHERE max_age_ms IS NOT NULL AND head > floor AND used_at < clock_timestamp() - ${everySql} LIMIT 100 FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM ${schema}.save(${schema}.trim(c));
  END LOOP;
  DELETE FROM ${schema}.entries WHERE channel_id IN (
    WITH RECURSIVE held AS (
      (SELECT channel_id FROM ${schema}.entries ORDER BY channel_id LIMIT 1)
      UNION ALL
      SELECT (SELECT e.channel_id FROM ${schema}.entries e WHERE e.channel_id > held.channel_id ORDER BY e.channel_id LIMIT 1)
      FROM held WHERE held.channel_id IS NOT NULL
    )
    SELECT channel_id FROM held WHERE NOT EXISTS (SELECT FROM ${schema}.channels WHERE id = held.channel_id) LIMIT 100
  );
END`,
    }),
  ].join('')
}
