import { resolveRetention } from '@rivulet/core'
import { quoteText } from './quote.ts'

/** Of channels that nobody has configured: what core means by leaving retention out. */
const { maxEvents, maxBytes, maxAgeMs, idleMs } = resolveRetention({})

/** Vacuumed by what has changed, not by the share of the table: their rows come and go. */
const busyTable = 'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000'

/**
 * The tables of a log.
 *
 * - `channels`: one row per channel and history; its lock is what makes offsets dense and puts commits in order. A history that
 *   begins anew gets a new row, hence another epoch and another id. Half of each page is left free and no changing column is
 *   indexed, so that an update stays on its page and the versions before it are cleared away without a vacuum (HOT).
 *   `floor` is the last offset that was trimmed, `purged` the last one whose row is gone: rows are deleted many at a time.
 * - `entries`: `total_bytes` counts the payload of the history up to and with the entry, so that what is kept is a difference of two. `published_at`
 *   is the server's time, in milliseconds; what the publisher's clock says is in the entry.
 * - `pending`: what open transactions publish; numbered and moved when they commit, so empty to everybody but them. Not logged:
 *   what a crash could take there was never committed.
 * - `fences`: batches that a log has given up waiting for; should one arrive late, it is refused.
 * - `upkeep`: one row, says when somebody last cleaned up.
 */
export function tablesSql(schema: string): string {
  return `
CREATE TABLE IF NOT EXISTS ${schema}.channels (
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
  max_events bigint NOT NULL DEFAULT ${maxEvents},
  max_bytes bigint NOT NULL DEFAULT ${maxBytes},
  max_age_ms bigint DEFAULT ${orNull(maxAgeMs)},
  idle_ms bigint DEFAULT ${orNull(idleMs)},
  used_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, ${busyTable});

CREATE TABLE IF NOT EXISTS ${schema}.entries (
  channel_id bigint NOT NULL,
  entry_offset bigint NOT NULL,
  total_bytes bigint NOT NULL,
  published_at bigint NOT NULL,
  entry_check text NOT NULL,
  entry text NOT NULL,
  PRIMARY KEY (channel_id, entry_offset)
) WITH (${busyTable}, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000, vacuum_truncate = off);

CREATE TABLE IF NOT EXISTS ${schema}.idempotency_keys (
  channel_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  entry_offset bigint NOT NULL,
  entry_check text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (channel_id, key)
) WITH (${busyTable});

CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.pending (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id bigint GENERATED ALWAYS AS IDENTITY,
  channel text COLLATE "C" NOT NULL,
  entry text NOT NULL,
  entry_check text NOT NULL,
  bytes bigint NOT NULL,
  key text,
  notify boolean NOT NULL,
  PRIMARY KEY (transaction, id)
) WITH (${busyTable}, vacuum_truncate = off);

CREATE TABLE IF NOT EXISTS ${schema}.fences (
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
    SELECT FROM pg_attribute WHERE attrelid = ${quoteText(`${schema}.pending`)}::regclass AND attname = 'published_at' AND attnotnull
  ) THEN
    ALTER TABLE ${schema}.pending ALTER COLUMN published_at DROP NOT NULL;
  END IF;
END
$rivulet$;

CREATE TABLE IF NOT EXISTS ${schema}.upkeep (done_at timestamptz NOT NULL);
INSERT INTO ${schema}.upkeep SELECT '-infinity' WHERE NOT EXISTS (SELECT FROM ${schema}.upkeep);
`
}

function orNull(duration: number | false): string {
  return duration === false ? 'NULL' : String(duration)
}
