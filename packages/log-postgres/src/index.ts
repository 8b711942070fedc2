export { createPostgresLog, type PostgresLogOptions } from './create-postgres-log.ts'
export type { PostgresLog } from './postgres-log.ts'
