import { asLog, functionSql } from './functions.ts'

/** What readers and followers ask; nothing of it writes, so a standby answers too. */
export function readSql(schema: string): string {
  return [
    functionSql({
      // STABLE: bounds and entries are of one moment. mode: 'start', 'head' or 'position'. Gives no row where there is no such channel;
      // else 'epoch first head ended invalid offset check isStale' and then the entries' JSON. A position that a standby has not come to
      // yet is no wrong one: who has seen what is behind it would be sent that again.
      name: `${schema}.read`,
      parameters: 'channel text, mode text, its_epoch text, its_offset bigint, its_check text, page bigint',
      returns: 'SETOF text',
      kind: `STABLE ${asLog}`,
      body: `
DECLARE
  c ${schema}.channels;
  invalid text := '-';
  after bigint;
  after_check text;
  is_stale boolean;
BEGIN
  SELECT * INTO c FROM ${schema}.channels WHERE name = channel;
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
        ELSE coalesce((SELECT entry_check FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset = its_offset), '')
      END) THEN 'unknown'
      ELSE '-'
    END;
    IF invalid = '-' THEN
      after := its_offset;
      after_check := its_check;
    END IF;
  END IF;
  is_stale := c.max_age_ms IS NOT NULL AND EXISTS (
    SELECT FROM ${schema}.entries WHERE channel_id = c.id AND entry_offset = c.floor + 1 AND published_at < ${schema}.now_ms() - c.max_age_ms
  );
  RETURN NEXT concat_ws(' ', c.epoch, c.floor + 1, c.head, c.ended::text, invalid, after, after_check, is_stale::text);
  IF page > 0 AND after < c.head THEN
    -- By offset: where a row is lost the page is short, and whoever reads knows. LIMIT only tells the planner how little that is.
    RETURN QUERY SELECT entry FROM ${schema}.entries
      WHERE channel_id = c.id AND entry_offset > after AND entry_offset <= least(c.head, after + page) ORDER BY entry_offset LIMIT page;
  END IF;
END`,
    }),
    functionSql({
      // Where channels are: '<epoch> <offset> <check>' per name, null where there is none.
      name: `${schema}.heads`,
      parameters: 'names text[]',
      returns: 'SETOF text',
      kind: `STABLE ${asLog}`,
      body: `
BEGIN
  RETURN QUERY SELECT CASE WHEN c.name IS NOT NULL THEN concat_ws(' ', c.epoch, c.head, c.head_check) END
    FROM unnest(names) WITH ORDINALITY AS u(its_name, n) LEFT JOIN ${schema}.channels c ON c.name = its_name ORDER BY n;
END`,
    }),
  ].join('')
}
