import { asLog, functionSql } from './functions.ts'
import { quoteText } from './quote.ts'

/** For how long a key is remembered; the contract asks for two minutes. */
const keyLife = "interval '3 minutes'"

/** Storing entries, from a log and when a transaction that published commits. */
export function appendSql(schema: string, schemaName: string): string {
  return [
    functionSql({
      // The row of the channel, and its lock, are the caller's. Gives the changed row and what became of each entry.
      name: `${schema}.store`,
      parameters: `INOUT c ${schema}.channels, entries text[], checks text[], sizes bigint[], ends boolean[], keys text[], OUT outcomes text[]`,
      returns: 'record',
      kind: 'VOLATILE',
      body: `
DECLARE
  e record;
  known text;
  -- What entries are trimmed by, so that it is the clock of this server, not of publishers.
  now_ms bigint := ${schema}.now_ms();
BEGIN
  IF keys IS NULL AND ends IS NULL AND NOT c.ended THEN
    INSERT INTO ${schema}.entries (channel_id, entry_offset, total_bytes, published_at, entry_check, entry)
      SELECT c.id, c.head + n, c.head_bytes + sum(its_bytes) OVER (ORDER BY n), now_ms, its_check, its_text
      FROM unnest(entries, checks, sizes) WITH ORDINALITY AS u(its_text, its_check, its_bytes, n);
    SELECT array_agg(c.head + n || ':' || its_check ORDER BY n) INTO outcomes FROM unnest(checks) WITH ORDINALITY AS u(its_check, n);
    c.head := c.head + cardinality(checks);
    c.head_check := checks[cardinality(checks)];
    c.head_bytes := c.head_bytes + (SELECT sum(its_bytes) FROM unnest(sizes) AS its_bytes);
    RETURN;
  END IF;
  outcomes := '{}';
  FOR e IN
    SELECT * FROM unnest(entries, checks, sizes, ends, keys) WITH ORDINALITY
      AS u(its_text, its_check, its_bytes, is_end, its_key, n) ORDER BY n
  LOOP
    known := NULL;
    IF e.its_key IS NOT NULL THEN
      SELECT entry_offset || ':' || entry_check INTO known FROM ${schema}.idempotency_keys
        WHERE channel_id = c.id AND key = e.its_key AND expires_at > clock_timestamp();
    END IF;
    IF known IS NOT NULL THEN
      outcomes := outcomes || known;
    ELSIF c.ended THEN
      outcomes := outcomes || 'ended'::text;
    ELSE
      c.head := c.head + 1;
      c.head_check := e.its_check;
      c.head_bytes := c.head_bytes + e.its_bytes;
      c.ended := coalesce(e.is_end, false);
      INSERT INTO ${schema}.entries (channel_id, entry_offset, total_bytes, published_at, entry_check, entry)
        VALUES (c.id, c.head, c.head_bytes, now_ms, e.its_check, e.its_text);
      IF e.its_key IS NOT NULL THEN
        INSERT INTO ${schema}.idempotency_keys (channel_id, key, entry_offset, entry_check, expires_at)
          VALUES (c.id, e.its_key, c.head, c.head_check, clock_timestamp() + ${keyLife})
          ON CONFLICT (channel_id, key) DO UPDATE SET
            entry_offset = excluded.entry_offset, entry_check = excluded.entry_check, expires_at = excluded.expires_at;
      END IF;
      outcomes := outcomes || (c.head || ':' || c.head_check);
    END IF;
  END LOOP;
END`,
    }),
    functionSql({
      // A batch of one log, or nothing of it. Gives '<epoch> <rows purged> <check of the head before> <outcomes with commas>'. A batch that its log has given up
      // waiting for may arrive behind later ones: void_batch says which was given up last.
      name: `${schema}.append`,
      parameters:
        'its_channel text, entries text[], checks text[], sizes bigint[], ends boolean[], keys text[], retention text, its_writer text, its_batch bigint, void_batch bigint, notify boolean',
      returns: 'text',
      kind: `VOLATILE ${asLog}`,
      body: `
DECLARE
  c ${schema}.channels := ${schema}.lock_channel(its_channel, retention);
  stored record;
  head_before bigint := c.head;
  check_before text := c.head_check;
  purged_before bigint := c.purged;
BEGIN
  IF void_batch IS NOT NULL THEN
    INSERT INTO ${schema}.fences AS f (writer, channel, batch) VALUES (its_writer, its_channel, void_batch)
      ON CONFLICT (writer, channel) DO UPDATE SET batch = greatest(f.batch, excluded.batch), made_at = clock_timestamp();
  END IF;
  IF EXISTS (SELECT FROM ${schema}.fences f WHERE f.writer = its_writer AND f.channel = its_channel AND f.batch >= its_batch) THEN
    RAISE EXCEPTION 'This batch was given up before it arrived.' USING ERRCODE = 'SSE02';
  END IF;
  SELECT * INTO stored FROM ${schema}.store(c, entries, checks, sizes, ends, keys);
  c := ${schema}.trim(stored.c);
  PERFORM ${schema}.save(c);
  IF notify AND c.head > head_before THEN PERFORM ${schema}.tell(c); END IF;
  RETURN concat_ws(' ', c.epoch, c.purged - purged_before, check_before, array_to_string(stored.outcomes, ','));
END`,
    }),
    functionSql({
      // A wake-up, under the schema's name: where the channel is now. Who follows it and is elsewhere reads.
      name: `${schema}.tell`,
      parameters: `c ${schema}.channels`,
      returns: 'void',
      kind: 'VOLATILE',
      body: `
BEGIN
  PERFORM pg_notify(${quoteText(schemaName)}, concat_ws(' ', c.epoch, c.head, c.head_check, c.name));
END`,
    }),
  ].join('')
}
