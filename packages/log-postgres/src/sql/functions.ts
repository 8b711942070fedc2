/**
 * What callers need no rights on the tables for: these functions run as the role that made them. Names in their bodies are
 * qualified and their search path is fixed, so that nothing a caller sets up can come in between.
 */
export const asOwner = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp'

/** How long a log's own functions wait for one lock: less than a log waits for an answer unless told otherwise. */
export const lockTimeoutMs = 4_000

/**
 * As {@link asOwner}, for what runs in a transaction of its own. A server process that waits for a lock does not notice that its
 * client has gone: without a bound, each call that was given up would leave one behind, until there are no connections left.
 */
export const asLog = `${asOwner} SET lock_timeout = '${lockTimeoutMs}ms'`

export interface FunctionParts {
  /** With the schema; no parameters. */
  readonly name: string
  readonly parameters: string
  readonly returns: string
  /** `VOLATILE` functions see what others commit while they run, `STABLE` ones what the statement that calls them sees. */
  readonly kind: string
  readonly body: string
}

/** One PL/pgSQL function. */
export function functionSql({ name, parameters, returns, kind, body }: FunctionParts): string {
  return `
CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS ${returns} LANGUAGE plpgsql ${kind} AS $rivulet$
${body.trim()}
$rivulet$;
`
}
