import { needs } from '../../../../test/support/needs.ts'

/** What tests of SQL run against: the server that all tests share, and a newer one that a test starts. */
export const servers = [
  { name: 'PostgreSQL', postgres: needs('postgres'), isShared: true },
  { name: 'PostgreSQL 17', postgres: needs('postgres@17'), isShared: false },
] as const
