SELECT pg_advisory_xact_lock(hashtextextended('rivulet:rivulet', 0));

DO $rivulet$
BEGIN
  IF current_setting('server_version_num')::int < 130000 THEN
    RAISE EXCEPTION 'Rivulet needs PostgreSQL 13 or newer.' USING ERRCODE = '0A000';
  END IF;
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'Rivulet needs a database with the encoding UTF8.' USING ERRCODE = '0A000';
  END IF;
END
$rivulet$;

CREATE SCHEMA IF NOT EXISTS "rivulet";

CREATE TABLE IF NOT EXISTS "rivulet".channels (
  id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  name text COLLATE "C" PRIMARY KEY,
  epoch text NOT NULL,
  head bigint NOT NULL DEFAULT 0,
  head_check text NOT NULL DEFAULT '0',
  head_bytes bigint NOT NULL DEFAULT 0,
  floor bigint NOT NULL DEFAULT 0,
  floor_check text NOT NULL DEFAULT '0',
  floor_bytes bigint NOT NULL DEFAULT 0,
  purged bigint NOT NULL DEFAULT 0,
  purged_bytes bigint NOT NULL DEFAULT 0,
  ended boolean NOT NULL DEFAULT false,
  max_events bigint NOT NULL DEFAULT 10000,
  max_bytes bigint NOT NULL DEFAULT 4194304,
  max_age_ms bigint DEFAULT NULL,
  idle_ms bigint DEFAULT 86400000,
  used_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE IF NOT EXISTS "rivulet".entries (
  channel_id bigint NOT NULL,
  entry_offset bigint NOT NULL,
  total_bytes bigint NOT NULL,
  published_at bigint NOT NULL,
  entry_check text NOT NULL,
  entry text NOT NULL,
  PRIMARY KEY (channel_id, entry_offset)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, vacuum_truncate = off);

CREATE TABLE IF NOT EXISTS "rivulet".idempotency_keys (
  channel_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  entry_offset bigint NOT NULL,
  entry_check text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (channel_id, key)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE UNLOGGED TABLE IF NOT EXISTS "rivulet".pending (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  channel text COLLATE "C" NOT NULL,
  entry text NOT NULL,
  entry_check text NOT NULL,
  bytes bigint NOT NULL,
  key text,
  notify boolean NOT NULL,
  PRIMARY KEY (transaction, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, vacuum_truncate = off);

CREATE TABLE IF NOT EXISTS "rivulet".fences (
  writer text NOT NULL,
  channel text NOT NULL,
  batch bigint NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (writer, channel)
);

DO $rivulet$
BEGIN
  -- Version 1 had this column, and its processes go on with it until they are replaced.
  IF EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = '"rivulet".pending'::regclass AND attname = 'published_at' AND attnotnull
  ) THEN
    ALTER TABLE "rivulet".pending ALTER COLUMN published_at DROP NOT NULL;
  END IF;
END
$rivulet$;

CREATE TABLE IF NOT EXISTS "rivulet".upkeep (done_at timestamptz NOT NULL);
INSERT INTO "rivulet".upkeep SELECT '-infinity' WHERE NOT EXISTS (SELECT FROM "rivulet".upkeep);

CREATE OR REPLACE FUNCTION "rivulet".random_text(length int) RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $rivulet$
BEGIN
  RETURN (
    SELECT string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 1 + floor(random() * 62)::int, 1), '')
    FROM generate_series(1, length)
  );
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".drop_history(history "rivulet".channels) RETURNS void LANGUAGE plpgsql VOLATILE AS $rivulet$
BEGIN
  DELETE FROM "rivulet".channels WHERE name = history.name;
  DELETE FROM "rivulet".entries WHERE channel_id = history.id;
  DELETE FROM "rivulet".idempotency_keys WHERE channel_id = history.id;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".lock_channel(channel text, retention text) RETURNS "rivulet".channels LANGUAGE plpgsql VOLATILE AS $rivulet$
DECLARE
  c "rivulet".channels;
BEGIN
  LOOP
    SELECT * INTO c FROM "rivulet".channels WHERE name = channel FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO "rivulet".channels (name, epoch) VALUES (channel, "rivulet".random_text(6))
        ON CONFLICT (name) DO NOTHING RETURNING * INTO c;
      IF FOUND THEN
        -- What a truncated table of channels has left behind under the same id.
        DELETE FROM "rivulet".entries WHERE channel_id = c.id;
        DELETE FROM "rivulet".idempotency_keys WHERE channel_id = c.id;
        IF retention IS NOT NULL THEN c := "rivulet".retain(c, retention); PERFORM "rivulet".save(c); END IF;
      END IF;
    ELSIF c.head > c.floor AND NOT EXISTS (
      SELECT FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset = c.head AND entry_check = c.head_check
    ) THEN
      -- The entries of this row are lost (truncated, restored alone): it is no history of anything.
      PERFORM "rivulet".drop_history(c);
    ELSE
      RETURN c;
    END IF;
  END LOOP;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".retain(c "rivulet".channels, retention text) RETURNS "rivulet".channels LANGUAGE plpgsql IMMUTABLE AS $rivulet$
DECLARE
  bounds text[] := string_to_array(retention, ',', '');
BEGIN
  c.max_events := bounds[1];
  c.max_bytes := bounds[2];
  c.max_age_ms := bounds[3];
  c.idle_ms := bounds[4];
  RETURN c;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".trim(c "rivulet".channels) RETURNS "rivulet".channels LANGUAGE plpgsql VOLATILE AS $rivulet$
DECLARE
  target bigint := greatest(c.floor, c.head - c.max_events);
  found bigint;
  e record;
BEGIN
  IF c.head_bytes - c.floor_bytes > c.max_bytes THEN
    SELECT entry_offset INTO found FROM "rivulet".entries
      WHERE channel_id = c.id AND entry_offset >= greatest(target, c.floor + 1) AND total_bytes >= c.head_bytes - c.max_bytes
      ORDER BY entry_offset LIMIT 1;
    -- The newest stays, however large.
    target := greatest(target, least(found, c.head - 1));
  END IF;
  IF c.max_age_ms IS NOT NULL AND target < c.head THEN
    SELECT entry_offset INTO found FROM "rivulet".entries
      WHERE channel_id = c.id AND entry_offset > target AND published_at >= "rivulet".now_ms() - c.max_age_ms
      ORDER BY entry_offset LIMIT 1;
    target := coalesce(found - 1, c.head);
  END IF;
  IF target > c.floor THEN
    SELECT entry_check, total_bytes INTO e FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset = target;
    -- A row that is lost is found out by who reads. Until then the next publish trims a little further.
    IF e.entry_check IS NOT NULL THEN
      c.floor := target;
      c.floor_check := e.entry_check;
      c.floor_bytes := e.total_bytes;
    END IF;
  END IF;
  IF c.floor - c.purged >= 64 OR c.floor_bytes - c.purged_bytes >= 1048576 THEN
    found := least(c.floor, c.purged + 2000);
    DELETE FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset <= found;
    c.purged := found;
    IF found = c.floor THEN c.purged_bytes := c.floor_bytes; END IF;
  END IF;
  RETURN c;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".save(c "rivulet".channels) RETURNS void LANGUAGE plpgsql VOLATILE AS $rivulet$
BEGIN
  UPDATE "rivulet".channels SET
    head = c.head, head_check = c.head_check, head_bytes = c.head_bytes,
    floor = c.floor, floor_check = c.floor_check, floor_bytes = c.floor_bytes,
    purged = c.purged, purged_bytes = c.purged_bytes, ended = c.ended,
    max_events = c.max_events, max_bytes = c.max_bytes, max_age_ms = c.max_age_ms, idle_ms = c.idle_ms,
    used_at = clock_timestamp()
    WHERE name = c.name;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".now_ms() RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $rivulet$
BEGIN
  RETURN floor(extract(epoch FROM clock_timestamp()) * 1000);
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".configure(channel text, retention text) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
BEGIN
  PERFORM "rivulet".save("rivulet".trim("rivulet".retain("rivulet".lock_channel(channel, retention), retention)));
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".mend(channel text, retention text, is_torn boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
DECLARE
  c "rivulet".channels := "rivulet".lock_channel(channel, retention);
BEGIN
  IF is_torn AND c.head - c.floor > (
    SELECT count(*) FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset > c.floor AND entry_offset <= c.head
  ) THEN
    PERFORM "rivulet".drop_history(c);
    c := "rivulet".lock_channel(channel, retention);
  END IF;
  PERFORM "rivulet".save("rivulet".trim(c));
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".forget(channel text, notify boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
DECLARE
  c "rivulet".channels;
BEGIN
  SELECT * INTO c FROM "rivulet".channels WHERE name = channel FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM "rivulet".drop_history(c);
  c.epoch := '-';
  IF notify THEN PERFORM "rivulet".tell(c); END IF;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".store(INOUT c "rivulet".channels, entries text[], checks text[], sizes bigint[], ends boolean[], keys text[], OUT outcomes text[]) RETURNS record LANGUAGE plpgsql VOLATILE AS $rivulet$
DECLARE
  e record;
  known text;
  -- What entries are trimmed by, so that it is the clock of this server, not of publishers.
  now_ms bigint := "rivulet".now_ms();
BEGIN
  IF keys IS NULL AND ends IS NULL AND NOT c.ended THEN
    INSERT INTO "rivulet".entries (channel_id, entry_offset, total_bytes, published_at, entry_check, entry)
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
      SELECT entry_offset || ':' || entry_check INTO known FROM "rivulet".idempotency_keys
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
      INSERT INTO "rivulet".entries (channel_id, entry_offset, total_bytes, published_at, entry_check, entry)
        VALUES (c.id, c.head, c.head_bytes, now_ms, e.its_check, e.its_text);
      IF e.its_key IS NOT NULL THEN
        INSERT INTO "rivulet".idempotency_keys (channel_id, key, entry_offset, entry_check, expires_at)
          VALUES (c.id, e.its_key, c.head, c.head_check, clock_timestamp() + interval '3 minutes')
          ON CONFLICT (channel_id, key) DO UPDATE SET
            entry_offset = excluded.entry_offset, entry_check = excluded.entry_check, expires_at = excluded.expires_at;
      END IF;
      outcomes := outcomes || (c.head || ':' || c.head_check);
    END IF;
  END LOOP;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".append(its_channel text, entries text[], checks text[], sizes bigint[], ends boolean[], keys text[], retention text, its_writer text, its_batch bigint, void_batch bigint, notify boolean) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
DECLARE
  c "rivulet".channels := "rivulet".lock_channel(its_channel, retention);
  stored record;
  head_before bigint := c.head;
  check_before text := c.head_check;
  purged_before bigint := c.purged;
BEGIN
  IF void_batch IS NOT NULL THEN
    INSERT INTO "rivulet".fences AS f (writer, channel, batch) VALUES (its_writer, its_channel, void_batch)
      ON CONFLICT (writer, channel) DO UPDATE SET batch = greatest(f.batch, excluded.batch), made_at = clock_timestamp();
  END IF;
  IF EXISTS (SELECT FROM "rivulet".fences f WHERE f.writer = its_writer AND f.channel = its_channel AND f.batch >= its_batch) THEN
    RAISE EXCEPTION 'This batch was given up before it arrived.' USING ERRCODE = 'SSE02';
  END IF;
  SELECT * INTO stored FROM "rivulet".store(c, entries, checks, sizes, ends, keys);
  c := "rivulet".trim(stored.c);
  PERFORM "rivulet".save(c);
  IF notify AND c.head > head_before THEN PERFORM "rivulet".tell(c); END IF;
  RETURN concat_ws(' ', c.epoch, c.purged - purged_before, check_before, array_to_string(stored.outcomes, ','));
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".tell(c "rivulet".channels) RETURNS void LANGUAGE plpgsql VOLATILE AS $rivulet$
BEGIN
  PERFORM pg_notify('rivulet', concat_ws(' ', c.epoch, c.head, c.head_check, c.name));
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".publish_entry(its_channel text, its_entry text, its_check text, its_bytes bigint, its_key text, its_notify boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rivulet$
BEGIN
  IF EXISTS (SELECT FROM "rivulet".channels WHERE name = its_channel AND ended) THEN
    RAISE EXCEPTION 'The channel "%" was ended; nothing can be published to it.', its_channel USING ERRCODE = 'SSE01';
  END IF;
  INSERT INTO "rivulet".pending (channel, entry, entry_check, bytes, key, notify)
    VALUES (its_channel, its_entry, its_check, its_bytes, its_key, its_notify);
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".publish_pending() RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rivulet$
DECLARE
  mine record;
  c "rivulet".channels;
  stored record;
BEGIN
  -- The first row of a transaction takes all of them along.
  IF NOT EXISTS (SELECT FROM "rivulet".pending WHERE transaction = NEW.transaction AND id = NEW.id) THEN RETURN NULL; END IF;
  FOR mine IN
    WITH taken AS (DELETE FROM "rivulet".pending WHERE transaction = NEW.transaction RETURNING *)
    SELECT channel, array_agg(entry ORDER BY id) AS entries, array_agg(entry_check ORDER BY id) AS checks,
      array_agg(bytes ORDER BY id) AS sizes,
      CASE WHEN count(key) > 0 THEN array_agg(key ORDER BY id) END AS keys, bool_or(notify) AS notify
    FROM taken GROUP BY channel ORDER BY channel
  LOOP
    c := "rivulet".lock_channel(mine.channel, NULL);
    SELECT * INTO stored FROM "rivulet".store(c, mine.entries, mine.checks, mine.sizes, NULL, mine.keys);
    IF 'ended' = ANY (stored.outcomes) THEN
      RAISE EXCEPTION 'The channel "%" was ended; nothing can be published to it.', mine.channel USING ERRCODE = 'SSE01';
    END IF;
    IF mine.notify AND (stored.c).head > c.head THEN PERFORM "rivulet".tell(stored.c); END IF;
    PERFORM "rivulet".save("rivulet".trim(stored.c));
  END LOOP;
  RETURN NULL;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".rivulet_publish(channel text, data text, event text DEFAULT NULL, topics text[] DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rivulet$
DECLARE
  problem text;
  its_check text := "rivulet".random_text(4);
  its_entry text;
BEGIN
  problem := CASE
    WHEN channel IS NULL OR length(channel) NOT BETWEEN 1 AND 256 OR channel ~ '[\u0001-\u001f\u007f-\u009f]'
      THEN 'a channel''s name has 1 to 256 characters, none of them a control character'
    WHEN data IS NULL THEN 'data is NULL: give a text, or json'
    WHEN octet_length(data) > 1048576 THEN 'data has more than 1048576 bytes: publish a reference and let clients fetch it'
    WHEN event ~ '[\r\n]' THEN 'an event type has no line breaks'
    WHEN event LIKE '$%' THEN 'event types that begin with $ are reserved'
    WHEN cardinality(topics) > 256 THEN 'there are more than 256 topics'
    WHEN (SELECT bool_or(topic IS NULL OR length(topic) NOT BETWEEN 1 AND 256) FROM unnest(topics) AS topic)
      THEN 'a topic has 1 to 256 characters'
    WHEN length(idempotency_key) NOT BETWEEN 1 AND 256 THEN 'an idempotency key has 1 to 256 characters'
  END;
  IF problem IS NOT NULL THEN RAISE EXCEPTION 'rivulet_publish(): %.', problem USING ERRCODE = '22023'; END IF;
  its_entry := json_strip_nulls(json_build_object('v', 1, 'kind', 'event', 'event', nullif(nullif(event, ''), 'message'), 'data', data,
    'topics', coalesce(to_json(topics), '[]'), 'at', "rivulet".now_ms(), 'check', its_check));
  PERFORM "rivulet".publish_entry(channel, its_entry, its_check, octet_length(data), to_json(idempotency_key)::text,
    coalesce(current_setting('rivulet.notify', true), '') <> 'off');
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".rivulet_publish(channel text, data json, event text DEFAULT NULL, topics text[] DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rivulet$
BEGIN
  PERFORM "rivulet".rivulet_publish(channel, replace(replace(coalesce(data::text, 'null'), chr(8232), '\u2028'), chr(8233), '\u2029'),
    event, topics, idempotency_key);
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".rivulet_publish(channel text, data jsonb, event text DEFAULT NULL, topics text[] DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rivulet$
BEGIN
  PERFORM "rivulet".rivulet_publish(channel, replace(replace(coalesce(data::text, 'null'), chr(8232), '\u2028'), chr(8233), '\u2029'),
    event, topics, idempotency_key);
END
$rivulet$;

DO $rivulet$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'publish_pending' AND tgrelid = '"rivulet".pending'::regclass) THEN
    CREATE CONSTRAINT TRIGGER publish_pending AFTER INSERT ON "rivulet".pending
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "rivulet".publish_pending();
    -- Also in sessions that switch ordinary triggers off, as bulk loads do: what they publish would stay there unseen.
    ALTER TABLE "rivulet".pending ENABLE ALWAYS TRIGGER publish_pending;
  END IF;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".read(channel text, mode text, its_epoch text, its_offset bigint, its_check text, page bigint) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
DECLARE
  c "rivulet".channels;
  invalid text := '-';
  after bigint;
  after_check text;
  is_stale boolean;
BEGIN
  SELECT * INTO c FROM "rivulet".channels WHERE name = channel;
  IF NOT FOUND THEN RETURN; END IF;
  after := c.floor;
  after_check := c.floor_check;
  IF mode = 'head' THEN
    after := c.head;
    after_check := c.head_check;
  ELSIF mode = 'position' THEN
    IF its_epoch = c.epoch AND its_offset > c.head AND pg_is_in_recovery() THEN
      RAISE EXCEPTION 'This standby has come to offset % of the channel, and not to % yet.', c.head, its_offset USING ERRCODE = 'SSE03';
    END IF;
    invalid := CASE
      WHEN its_epoch <> c.epoch OR its_offset > c.head THEN 'unknown'
      WHEN its_offset < c.floor THEN 'expired'
      WHEN its_check <> (CASE its_offset
        WHEN c.head THEN c.head_check
        WHEN c.floor THEN c.floor_check
        ELSE coalesce((SELECT entry_check FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset = its_offset), '')
      END) THEN 'unknown'
      ELSE '-'
    END;
    IF invalid = '-' THEN
      after := its_offset;
      after_check := its_check;
    END IF;
  END IF;
  is_stale := c.max_age_ms IS NOT NULL AND EXISTS (
    SELECT FROM "rivulet".entries WHERE channel_id = c.id AND entry_offset = c.floor + 1 AND published_at < "rivulet".now_ms() - c.max_age_ms
  );
  RETURN NEXT concat_ws(' ', c.epoch, c.floor + 1, c.head, c.ended::text, invalid, after, after_check, is_stale::text);
  IF page > 0 AND after < c.head THEN
    -- By offset: where a row is lost the page is short, and whoever reads knows. LIMIT only tells the planner how little that is.
    RETURN QUERY SELECT entry FROM "rivulet".entries
      WHERE channel_id = c.id AND entry_offset > after AND entry_offset <= least(c.head, after + page) ORDER BY entry_offset LIMIT page;
  END IF;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".heads(names text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
BEGIN
  RETURN QUERY SELECT CASE WHEN c.name IS NOT NULL THEN concat_ws(' ', c.epoch, c.head, c.head_check) END
    FROM unnest(names) WITH ORDINALITY AS u(its_name, n) LEFT JOIN "rivulet".channels c ON c.name = its_name ORDER BY n;
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".keep(names text[]) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
BEGIN
  IF current_setting('transaction_read_only')::boolean THEN RETURN; END IF;
  UPDATE "rivulet".channels SET used_at = clock_timestamp() WHERE name IN (
    SELECT name FROM "rivulet".channels WHERE name = ANY (names) AND used_at < clock_timestamp() - least(interval '5 minutes', idle_ms * interval '0.25 ms')
    FOR UPDATE SKIP LOCKED
  );
END
$rivulet$;

CREATE OR REPLACE FUNCTION "rivulet".clean(notify boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '4000ms' AS $rivulet$
DECLARE
  c "rivulet".channels;
BEGIN
  IF current_setting('transaction_read_only')::boolean THEN RETURN; END IF;
  UPDATE "rivulet".upkeep SET done_at = clock_timestamp() WHERE ctid IN (
    SELECT ctid FROM "rivulet".upkeep WHERE done_at < clock_timestamp() - interval '50 seconds' FOR UPDATE SKIP LOCKED
  );
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM "rivulet".idempotency_keys WHERE (channel_id, key) IN (
    SELECT channel_id, key FROM "rivulet".idempotency_keys WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED
  );
  DELETE FROM "rivulet".fences WHERE made_at < clock_timestamp() - interval '1 day';
  FOR c IN
    SELECT * FROM "rivulet".channels
      WHERE idle_ms IS NOT NULL AND used_at < clock_timestamp() - greatest(interval '5 minutes', idle_ms * interval '1 ms') LIMIT 100 FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM "rivulet".drop_history(c);
    c.epoch := '-';
    IF notify THEN PERFORM "rivulet".tell(c); END IF;
  END LOOP;
  FOR c IN
    SELECT * FROM "rivulet".channels
      WHERE max_age_ms IS NOT NULL AND head > floor AND used_at < clock_timestamp() - interval '50 seconds' LIMIT 100 FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM "rivulet".save("rivulet".trim(c));
  END LOOP;
  DELETE FROM "rivulet".entries WHERE channel_id IN (
    WITH RECURSIVE held AS (
      (SELECT channel_id FROM "rivulet".entries ORDER BY channel_id LIMIT 1)
      UNION ALL
      SELECT (SELECT e.channel_id FROM "rivulet".entries e WHERE e.channel_id > held.channel_id ORDER BY e.channel_id LIMIT 1)
      FROM held WHERE held.channel_id IS NOT NULL
    )
    SELECT channel_id FROM held WHERE NOT EXISTS (SELECT FROM "rivulet".channels WHERE id = held.channel_id) LIMIT 100
  );
END
$rivulet$;

COMMENT ON SCHEMA "rivulet" IS 'rivulet 2';
