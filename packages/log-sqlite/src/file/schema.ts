/** Marks the file as ours: `RvLg`. */
export const applicationId = 0x52764c67

/** Counts the layouts. A file of a later one is refused: nobody knows what writing to it would break. */
export const schemaVersion = 1

/**
 * A channel has one row, which names the history that it has now. A history that was begun anew gets another number, and what
 * the old one left is cleared away little by little.
 *
 * `bytes` are the payload bytes of the history up to and with an entry, so that what is kept is a difference of two and never has
 * to be counted. `before_…` tell of the newest entry that was trimmed. Numbers are never used twice (AUTOINCREMENT): other
 * processes look for those above the last that they have seen.
 */
export const schemaSql = `
CREATE TABLE channel (
  history INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  epoch TEXT NOT NULL,
  head INTEGER NOT NULL DEFAULT 0,
  head_check TEXT NOT NULL DEFAULT '0',
  bytes INTEGER NOT NULL DEFAULT 0,
  first INTEGER NOT NULL DEFAULT 1,
  before_check TEXT NOT NULL DEFAULT '0',
  before_bytes INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT 0,
  max_events INTEGER NOT NULL,
  max_bytes INTEGER NOT NULL,
  max_age_ms INTEGER,
  idle_ms INTEGER,
  expires_at INTEGER
);
CREATE INDEX channel_expires_at ON channel (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  history INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  "check" TEXT NOT NULL,
  previous TEXT NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX entry_place ON entry (history, offset);
CREATE TABLE idempotency (
  id INTEGER PRIMARY KEY,
  history INTEGER NOT NULL,
  key TEXT NOT NULL,
  offset INTEGER NOT NULL,
  "check" TEXT NOT NULL,
  until INTEGER NOT NULL
);
CREATE UNIQUE INDEX idempotency_key ON idempotency (history, key);
CREATE INDEX idempotency_until ON idempotency (until);
CREATE TABLE dropped (history INTEGER PRIMARY KEY);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};
`

/** Left of the WAL after everything in it has been moved into the file, in bytes. Each connection has to be told. */
export const journalSizeLimit = 16 * 1024 * 1024
