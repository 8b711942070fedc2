import { appendSql } from './append.ts'
import { historySql } from './history.ts'
import { publishSql } from './publish.ts'
import { quoteName, quoteText } from './quote.ts'
import { readSql } from './read.ts'
import { tablesSql } from './tables.ts'
import { upkeepSql } from './upkeep.ts'

/** Goes up with every change to what is below; a test holds it to `migration.sql`. */
export const schemaVersion = 2

/**
 * Everything a log needs in a database, as one text of several statements, which PostgreSQL runs as one transaction. Run again
 * it changes nothing but functions back to what they are here; several that run at once wait for each other.
 */
export function migrationSql(schemaName: string): string {
  const schema = quoteName(schemaName)
  return `SELECT pg_advisory_xact_lock(hashtextextended(${quoteText(`rivulet:${schemaName}`)}, 0));

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

CREATE SCHEMA IF NOT EXISTS ${schema};
${tablesSql(schema)}${historySql(schema)}${appendSql(schema, schemaName)}${publishSql(schema)}${readSql(schema)}${upkeepSql(schema)}
COMMENT ON SCHEMA ${schema} IS 'rivulet ${schemaVersion}';
`
}

/** The version that a database has, as text; no row where there is none. */
export function versionSql(schemaName: string): string {
  return `SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace WHERE nspname = ${quoteText(schemaName)}`
}
