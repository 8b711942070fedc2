/** Pages of the WAL after which it is moved into the file, as SQLite itself would: 4 MiB. */
export const checkpointPages = 1_000

/** Left of the WAL after everything in it has been moved, in bytes. */
export const journalSizeLimit = 16 * 1024 * 1024
