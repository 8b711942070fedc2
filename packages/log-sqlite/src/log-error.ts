import type { SseError } from '@rivulet/core'
import { type ErrorExplanation, explainLogError } from '@rivulet/core/log-kit'

const explanations: readonly ErrorExplanation[] = [
  {
    code: 'ERR_SSE_LOG_DRIVER',
    pattern: /^NO_DRIVER /,
    advice:
      'Use Node 22.13 or newer, or install libsql with its optional packages, on a machine that it has a binary for.',
  },
  {
    code: 'ERR_SSE_LOG_BUSY',
    pattern: /^SQLITE_(?:BUSY|LOCKED|PROTOCOL) /,
    advice:
      'Another program has kept the lock of the file for all that time: end its transaction (a sqlite3 shell, a backup). Nothing was stored.',
  },
  {
    code: 'ERR_SSE_LOG_FULL',
    pattern: /^(?:SQLITE_FULL|ENOSPC|EDQUOT) |disk is full/,
    advice: 'The disk is full: make room, or keep less (retention).',
  },
  {
    code: 'ERR_SSE_LOG_READ_ONLY',
    pattern: /^(?:SQLITE_READONLY|EROFS) /,
    advice:
      'The file, its folder or its disk is read-only. Readers need to write too: SQLite keeps a -wal and a -shm file beside it.',
  },
  {
    code: 'ERR_SSE_LOG_ACCESS',
    pattern: /^(?:SQLITE_(?:PERM|AUTH)|EACCES|EPERM) /,
    advice: 'The user of this process may not use the file or its folder.',
  },
  {
    code: 'ERR_SSE_LOG_CORRUPT',
    pattern: /^SQLITE_(?:CORRUPT|NOTADB) /,
    advice:
      'The file is damaged or no SQLite database: restore a backup of it, or move it away to begin anew.',
  },
  {
    code: 'ERR_SSE_LOG_FOREIGN_KEY',
    pattern: /^FOREIGN_FILE /,
    advice: 'Give the log a file of its own.',
  },
  {
    code: 'ERR_SSE_LOG_VERSION',
    pattern: /^NEWER_VERSION /,
    advice: 'A newer release has written it: update this one, or give it another file.',
  },
  {
    code: 'ERR_SSE_LOG_TOO_LARGE',
    pattern: /^SQLITE_TOOBIG /,
    advice: 'The entry is larger than SQLite takes.',
  },
  {
    code: 'ERR_SSE_LOG_UNREACHABLE',
    pattern: /^(?:SQLITE_CANTOPEN|ENOENT|ENOTDIR|LATE|FILE_REPLACED|NO_WAL) /,
    advice:
      'Check that the folder of the file exists on a local disk of this machine. What was being stored may be stored, once.',
  },
]

/** The error that callers of a log see for what the thread or SQLite has said. */
export function logError(doing: string, cause: unknown): SseError {
  return explainLogError({
    doing,
    cause,
    explanations,
    otherwise: { code: 'ERR_SSE_LOG_ENGINE', advice: '' },
  })
}
