import { parseArgs } from 'node:util'
import { type DiagnoseOptions, DoctorOptionError, parseUrl, resolveOptions } from '../options.ts'

/** What the command was asked to do. */
export type Command =
  | { readonly action: 'help' }
  | { readonly action: 'version' }
  | {
      readonly action: 'diagnose'
      readonly url: string
      readonly options: DiagnoseOptions
      readonly asJson: boolean
    }

export const help = `rivulet-doctor: says what is wrong with a Server-Sent Events stream, and what to set

  npx @rivulet/doctor <url> [options]

  --wait <seconds>          how long to watch (20); 70 shows time-outs of 60 s
  --direct <url>            the same stream past the proxies: shows what they change
  --header "Name: value"    a header of the request; as often as needed
  --cookie "name=value"     a cookie; as often as needed
  --method <method>         GET, or POST where there is a body
  --body <text>             body of the request
  --last-event-id <id>      what a returning client brings
  --origin <origin>         a site whose pages read the stream: checks CORS
  --insecure                go on where the certificate is not valid
  --http1                   HTTP/1.1 even where there is HTTP/2
  --json                    the report for machines
  --version, --help

Exit code: 0 no problems, 1 problems, 2 could not run.
Ctrl-C ends the watch and reports what was seen. NO_COLOR turns colours off.`

const flags = {
  wait: { type: 'string' },
  direct: { type: 'string' },
  header: { type: 'string', multiple: true, short: 'H' },
  cookie: { type: 'string', multiple: true },
  method: { type: 'string' },
  body: { type: 'string' },
  'last-event-id': { type: 'string' },
  origin: { type: 'string' },
  insecure: { type: 'boolean' },
  http1: { type: 'boolean' },
  json: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const

/**
 * Reads the arguments of the command.
 *
 * @throws DoctorOptionError whose message is one line for the person who typed them
 */
export function readArguments(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  if (values.help === true) return { action: 'help' }
  if (values.version === true) return { action: 'version' }
  const [url, ...rest] = positionals
  if (url === undefined) throw new DoctorOptionError('Which stream? npx @rivulet/doctor <url>', undefined)
  if (rest.length > 0) throw new DoctorOptionError(`One address at a time, not also ${rest.join(' ')}.`, rest)
  const headers = headersOf(values.header ?? [], values.cookie ?? [])
  const options: DiagnoseOptions = {
    waitMs: values.wait === undefined ? undefined : secondsOf(values.wait),
    direct: values.direct,
    headers,
    method: values.method,
    body: values.body,
    lastEventId: values['last-event-id'],
    origin: values.origin,
    insecure: values.insecure,
    http1: values.http1,
  }
  parseUrl(url)
  resolveOptions(options)
  return { action: 'diagnose', url, options, asJson: values.json === true }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true })
  } catch (error) {
    // Node's message goes on to explain positional arguments, which nobody asked for.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)
    throw new DoctorOptionError(`${sentence.replace(/\.$/, '')}. --help lists what there is.`, args)
  }
}

function secondsOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(seconds)) {
    throw new DoctorOptionError(`--wait takes a number of seconds, not ${JSON.stringify(text)}.`, text)
  }
  return seconds * 1000
}

function headersOf(lines: readonly string[], cookies: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) {
      throw new DoctorOptionError(`--header takes "Name: value", not ${JSON.stringify(line)}.`, line)
    }
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  const all = [...(headers.cookie === undefined ? [] : [headers.cookie]), ...cookies]
  return all.length === 0 ? headers : { ...headers, cookie: all.join('; ') }
}
