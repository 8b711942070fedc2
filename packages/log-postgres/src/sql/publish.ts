import { asOwner, functionSql } from './functions.ts'
import { quoteText } from './quote.ts'

/** As core refuses them. */
const maxNameCharacters = 256
const maxTopics = 256
const maxDataBytes = 1024 * 1024

/** Publishing inside a business transaction. */
export function publishSql(schema: string): string {
  return [
    functionSql({
      // An entry that was made and checked by a log.
      name: `${schema}.publish_entry`,
      parameters:
        'its_channel text, its_entry text, its_check text, its_bytes bigint, its_key text, its_notify boolean',
      returns: 'void',
      kind: `VOLATILE ${asOwner}`,
      body: `
BEGIN
  IF EXISTS (SELECT FROM ${schema}.channels WHERE name = its_channel AND ended) THEN
    RAISE EXCEPTION 'The channel "%" was ended; nothing can be published to it.', its_channel USING ERRCODE = 'SSE01';
  END IF;
  INSERT INTO ${schema}.pending (channel, entry, entry_check, bytes, key, notify)
    VALUES (its_channel, its_entry, its_check, its_bytes, its_key, its_notify);
END`,
    }),
    functionSql({
      // Runs as the last thing before a commit: the rows of channels are locked for the commit alone, and always in the same order.
      name: `${schema}.publish_pending`,
      parameters: '',
      returns: 'trigger',
      kind: `VOLATILE ${asOwner}`,
      body: `
DECLARE
  mine record;
  c ${schema}.channels;
  stored record;
BEGIN
  -- The first row of a transaction takes all of them along.
  IF NOT EXISTS (SELECT FROM ${schema}.pending WHERE transaction = NEW.transaction AND id = NEW.id) THEN RETURN NULL; END IF;
  FOR mine IN
    WITH taken AS (DELETE FROM ${schema}.pending WHERE transaction = NEW.transaction RETURNING *)
    SELECT channel, array_agg(entry ORDER BY id) AS entries, array_agg(entry_check ORDER BY id) AS checks,
      array_agg(bytes ORDER BY id) AS sizes,
      CASE WHEN count(key) > 0 THEN array_agg(key ORDER BY id) END AS keys, bool_or(notify) AS notify
    FROM taken GROUP BY channel ORDER BY channel
  LOOP
    c := ${schema}.lock_channel(mine.channel, NULL);
    SELECT * INTO stored FROM ${schema}.store(c, mine.entries, mine.checks, mine.sizes, NULL, mine.keys);
    IF 'ended' = ANY (stored.outcomes) THEN
      RAISE EXCEPTION 'The channel "%" was ended; nothing can be published to it.', mine.channel USING ERRCODE = 'SSE01';
    END IF;
    IF mine.notify AND (stored.c).head > c.head THEN PERFORM ${schema}.tell(stored.c); END IF;
    PERFORM ${schema}.save(${schema}.trim(stored.c));
  END LOOP;
  RETURN NULL;
END`,
    }),
    functionSql({
      name: `${schema}.rivulet_publish`,
      parameters:
        'channel text, data text, event text DEFAULT NULL, topics text[] DEFAULT NULL, idempotency_key text DEFAULT NULL',
      returns: 'void',
      kind: `VOLATILE ${asOwner}`,
      body: `
DECLARE
  problem text;
  its_check text := ${schema}.random_text(4);
  its_entry text;
BEGIN
  problem := CASE
    WHEN channel IS NULL OR length(channel) NOT BETWEEN 1 AND ${maxNameCharacters} OR channel ~ '[\\u0001-\\u001f\\u007f-\\u009f]'
      THEN 'a channel''s name has 1 to ${maxNameCharacters} characters, none of them a control character'
    WHEN data IS NULL THEN 'data is NULL: give a text, or json'
    WHEN octet_length(data) > ${maxDataBytes} THEN 'data has more than ${maxDataBytes} bytes: publish a reference and let clients fetch it'
    WHEN event ~ '[\\r\\n]' THEN 'an event type has no line breaks'
    WHEN event LIKE '$%' THEN 'event types that begin with $ are reserved'
    WHEN cardinality(topics) > ${maxTopics} THEN 'there are more than ${maxTopics} topics'
    WHEN (SELECT bool_or(topic IS NULL OR length(topic) NOT BETWEEN 1 AND ${maxNameCharacters}) FROM unnest(topics) AS topic)
      THEN 'a topic has 1 to ${maxNameCharacters} characters'
    WHEN length(idempotency_key) NOT BETWEEN 1 AND ${maxNameCharacters} THEN 'an idempotency key has 1 to ${maxNameCharacters} characters'
  END;
  IF problem IS NOT NULL THEN RAISE EXCEPTION 'rivulet_publish(): %.', problem USING ERRCODE = '22023'; END IF;
  its_entry := json_strip_nulls(json_build_object('v', 1, 'kind', 'event', 'event', nullif(nullif(event, ''), 'message'), 'data', data,
    'topics', coalesce(to_json(topics), '[]'), 'at', ${schema}.now_ms(), 'check', its_check));
  PERFORM ${schema}.publish_entry(channel, its_entry, its_check, octet_length(data), to_json(idempotency_key)::text,
    coalesce(current_setting('rivulet.notify', true), '') <> 'off');
END`,
    }),
    ...['json', 'jsonb'].map((type) =>
      functionSql({
        name: `${schema}.rivulet_publish`,
        parameters: `channel text, data ${type}, event text DEFAULT NULL, topics text[] DEFAULT NULL, idempotency_key text DEFAULT NULL`,
        returns: 'void',
        kind: `VOLATILE ${asOwner}`,
        // Two characters that JSON allows and some clients take for line breaks.
        body: `
BEGIN
  PERFORM ${schema}.rivulet_publish(channel, replace(replace(coalesce(data::text, 'null'), chr(8232), '\\u2028'), chr(8233), '\\u2029'),
    event, topics, idempotency_key);
END`,
      }),
    ),
    `
DO $rivulet$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'publish_pending' AND tgrelid = ${quoteText(`${schema}.pending`)}::regclass) THEN
    CREATE CONSTRAINT TRIGGER publish_pending AFTER INSERT ON ${schema}.pending
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${schema}.publish_pending();
    -- Also in sessions that switch ordinary triggers off, as bulk loads do: what they publish would stay there unseen.
    ALTER TABLE ${schema}.pending ENABLE ALWAYS TRIGGER publish_pending;
  END IF;
END
$rivulet$;
`,
  ].join('')
}
