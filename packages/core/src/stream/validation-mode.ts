import { checked } from '../wire/options.ts'

/** When payloads are checked against their schemas. `development`: unless `NODE_ENV` is `production`. */
export type ValidationMode = 'always' | 'development' | 'never'

/** Checks the option `validate`, and says whether payloads are to be checked. @throws SseError `ERR_SSE_OPTION` */
export function checkValidate(name: string, value: unknown): boolean {
  const mode = checked("must be 'always', 'development' or 'never'", isMode)(name, value)
  return mode === 'always' || (mode === 'development' && process.env.NODE_ENV !== 'production')
}

function isMode(value: unknown): value is ValidationMode {
  return value === 'always' || value === 'development' || value === 'never'
}
