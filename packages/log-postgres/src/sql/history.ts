import { asLog, functionSql } from './functions.ts'

/** Rows that are trimmed but still there, before they are deleted together. */
const purgeEvents = 64
/** The same in bytes of payload: large ones do not wait for many others. */
const purgeBytes = 1024 * 1024
/** Rows deleted at a time: whoever publishes after retention was cut down should not wait for all of it. */
const maxPurged = 2_000

/** How one channel's row is found, begun anew, trimmed and written back: what everything that writes is made of. */
export function historySql(schema: string): string {
  return [
    functionSql({
      name: `${schema}.random_text`,
      parameters: 'length int',
      returns: 'text',
      kind: 'VOLATILE PARALLEL SAFE',
      body: `
BEGIN
  RETURN (
    SELECT string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 1 + floor(random() * 62)::int, 1), '')
    FROM generate_series(1, length)
  );
END`,
    }),
    functionSql({
      name: `${schema}.drop_history`,
      parameters: `history ${schema}.channels`,
      returns: 'void',
      kind: 'VOLATILE',
      body: `
BEGIN
  DELETE FROM ${schema}.channels WHERE name = history.name;
  DELETE FROM ${schema}.entries WHERE channel_id = history.id;
  DELETE FROM ${schema}.idempotency_keys WHERE channel_id = history.id;
END`,
    }),
    functionSql({
      // retention: 'maxEvents,maxBytes,maxAgeMs,idleMs', for a row that has to be made; the last two empty for off.
      name: `${schema}.lock_channel`,
      parameters: 'channel text, retention text',
      returns: `${schema}.channels`,
      kind: 'VOLATILE',
      body: `
DECLARE
  c ${schema}.channels;
BEGIN
  LOOP
    SELECT * INTO c FROM ${schema}.channels WHERE name = channel FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO ${schema}.channels (name, epoch) VALUES (channel, ${schema}.random_text(6))
        ON CONFLICT (name) DO NOTHING RETURNING * INTO c;
      IF FOUND THEN
        -- What a truncated table of channels has left behind under the same id.
        DELETE FROM ${schema}.entries WHERE channel_id = c.id;
        DELETE FROM ${schema}.idempotency_keys WHERE channel_id = c.id;
        IF retention IS NOT NULL THEN c := ${schema}.retain(c, retention); PERFORM ${schema}.save(c); END IF;
      END IF;
    ELSIF c.head > c.floor AND NOT EXISTS (
      SELECT FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset = c.head AND entry_check = c.head_check
    ) THEN
      -- The entries of this row are lost (truncated, restored alone): it is no history of anything.
      PERFORM ${schema}.drop_history(c);
    ELSE
      RETURN c;
    END IF;
  END LOOP;
END`,
    }),
    functionSql({
      name: `${schema}.retain`,
      parameters: `c ${schema}.channels, retention text`,
      returns: `${schema}.channels`,
      kind: 'IMMUTABLE',
      body: `
DECLARE
  bounds text[] := string_to_array(retention, ',', '');
BEGIN
  c.max_events := bounds[1];
  c.max_bytes := bounds[2];
  c.max_age_ms := bounds[3];
  c.idle_ms := bounds[4];
  RETURN c;
END`,
    }),
    functionSql({
      name: `${schema}.trim`,
      parameters: `c ${schema}.channels`,
      returns: `${schema}.channels`,
      kind: 'VOLATILE',
      body: `
DECLARE
  target bigint := greatest(c.floor, c.head - c.max_events);
  found bigint;
  e record;
BEGIN
  IF c.head_bytes - c.floor_bytes > c.max_bytes THEN
    SELECT entry_offset INTO found FROM ${schema}.entries
      WHERE channel_id = c.id AND entry_offset >= greatest(target, c.floor + 1) AND total_bytes >= c.head_bytes - c.max_bytes
      ORDER BY entry_offset LIMIT 1;
    -- The newest stays, however large.
    target := greatest(target, least(found, c.head - 1));
  END IF;
  IF c.max_age_ms IS NOT NULL AND target < c.head THEN
    SELECT entry_offset INTO found FROM ${schema}.entries
      WHERE channel_id = c.id AND entry_offset > target AND published_at >= ${schema}.now_ms() - c.max_age_ms
      ORDER BY entry_offset LIMIT 1;
    target := coalesce(found - 1, c.head);
  END IF;
  IF target > c.floor THEN
    SELECT entry_check, total_bytes INTO e FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset = target;
    -- A row that is lost is found out by who reads. Until then the next publish trims a little further.
    IF e.entry_check IS NOT NULL THEN
      c.floor := target;
      c.floor_check := e.entry_check;
      c.floor_bytes := e.total_bytes;
    END IF;
  END IF;
  IF c.floor - c.purged >= ${purgeEvents} OR c.floor_bytes - c.purged_bytes >= ${purgeBytes} THEN
    found := least(c.floor, c.purged + ${maxPurged});
    DELETE FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset <= found;
    c.purged := found;
    IF found = c.floor THEN c.purged_bytes := c.floor_bytes; END IF;
  END IF;
  RETURN c;
END`,
    }),
    functionSql({
      name: `${schema}.save`,
      parameters: `c ${schema}.channels`,
      returns: 'void',
      kind: 'VOLATILE',
      body: `
BEGIN
  UPDATE ${schema}.channels SET
    head = c.head, head_check = c.head_check, head_bytes = c.head_bytes,
    floor = c.floor, floor_check = c.floor_check, floor_bytes = c.floor_bytes,
    purged = c.purged, purged_bytes = c.purged_bytes, ended = c.ended,
    max_events = c.max_events, max_bytes = c.max_bytes, max_age_ms = c.max_age_ms, idle_ms = c.idle_ms,
    used_at = clock_timestamp()
    WHERE name = c.name;
END`,
    }),
    functionSql({
      name: `${schema}.now_ms`,
      parameters: '',
      returns: 'bigint',
      kind: 'VOLATILE PARALLEL SAFE',
      body: `
BEGIN
  RETURN floor(extract(epoch FROM clock_timestamp()) * 1000);
END`,
    }),
    functionSql({
      name: `${schema}.configure`,
      parameters: 'channel text, retention text',
      returns: 'void',
      kind: `VOLATILE ${asLog}`,
      body: `
BEGIN
  PERFORM ${schema}.save(${schema}.trim(${schema}.retain(${schema}.lock_channel(channel, retention), retention)));
END`,
    }),
    functionSql({
      // Makes the channel where there is none, trims what is too old, and throws out a history that has lost entries, which is
      // looked for where asked.
      name: `${schema}.mend`,
      parameters: 'channel text, retention text, is_torn boolean',
      returns: 'void',
      kind: `VOLATILE ${asLog}`,
      body: `
DECLARE
  c ${schema}.channels := ${schema}.lock_channel(channel, retention);
BEGIN
  IF is_torn AND c.head - c.floor > (
    SELECT count(*) FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset > c.floor AND entry_offset <= c.head
  ) THEN
    PERFORM ${schema}.drop_history(c);
    c := ${schema}.lock_channel(channel, retention);
  END IF;
  PERFORM ${schema}.save(${schema}.trim(c));
END`,
    }),
    functionSql({
      name: `${schema}.forget`,
      parameters: 'channel text, notify boolean',
      returns: 'void',
      kind: `VOLATILE ${asLog}`,
      body: `
DECLARE
  c ${schema}.channels;
BEGIN
  SELECT * INTO c FROM ${schema}.channels WHERE name = channel FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM ${schema}.drop_history(c);
  c.epoch := '-';
  IF notify THEN PERFORM ${schema}.tell(c); END IF;
END`,
    }),
  ].join('')
}
