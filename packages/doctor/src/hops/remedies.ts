import type { Hop, Remedy } from '../report.ts'

/** What can be wrong on the way, each with what to set where. */
export type Trouble =
  | 'buffering'
  | 'head'
  | 'compression'
  | 'idle-time-out'
  | 'last-event-id'
  | 'http2'
  | 'caching'

type Settings = Readonly<Record<string, string>>

/** What concerns the application itself, whatever is before it. */
const application = 'your application'

const buffering: Settings = {
  [application]: 'send the header X-Accel-Buffering: no; write and flush each event whole',
  nginx: 'proxy_buffering off; proxy_http_version 1.1; and no proxy_ignore_headers X-Accel-Buffering',
  'ingress-nginx': 'nginx.ingress.kubernetes.io/proxy-buffering: "off"',
  Apache: 'ProxyPass /events http://app:3000/events flushpackets=on',
  Caddy: 'reverse_proxy app:3000 { flush_interval -1 }',
  Cloudflare: 'Response Buffering off (Enterprise); on other plans look behind Cloudflare',
  'AWS API Gateway': 'response streaming on the integration, or an ALB instead',
  'Azure Application Gateway': 'response buffering off in the global configuration',
  Kong: 'response_buffering=false on the route',
  Varnish: 'sub vcl_backend_response { set beresp.do_stream = true; }',
  IIS: 'ARR: responseBufferLimit="0"',
  PHP: 'output_buffering = Off, and flush() after each event',
}

const settings: Readonly<Record<Trouble, Settings>> = {
  buffering,
  head: {
    ...buffering,
    [application]: 'send the head at once: res.flushHeaders(), or a first comment such as ":\\n\\n"',
  },
  compression: {
    [application]:
      'send Cache-Control: no-store, no-transform (Express, HAProxy, Caddy and Cloudflare heed it; nginx and Apache do not)',
    Express:
      "compression({ filter: (req, res) => !/event-stream/.test(res.getHeader('Content-Type')) && compression.filter(req, res) })",
    'Next.js': 'compress: false in next.config.js',
    nginx: 'gzip off; or gzip_types without text/event-stream (and *)',
    HAProxy: 'leave text/event-stream out of: compression type …',
    Apache: 'SetEnvIf Request_URI ^/events no-gzip',
    Caddy: '@other not path /events*  and  encode @other gzip',
    Traefik: 'compress: { excludedContentTypes: [text/event-stream] }',
    Cloudflare: 'a response with Cache-Control: no-transform is left alone',
  },
  'idle-time-out': {
    [application]: 'a heartbeat: the comment ":\\n\\n" after every 15 s of silence',
    nginx: 'proxy_read_timeout 1h;',
    HAProxy: 'timeout server 1h  and  timeout client 1h',
    Apache: 'ProxyTimeout 3600',
    'AWS ALB': 'idle_timeout.timeout_seconds = 4000',
    'AWS API Gateway': 'fixed at 29 s for most APIs: use an ALB',
    CloudFront: 'origin response timeout 60 s, and a heartbeat more often than that',
    'Google Cloud load balancer': 'gcloud compute backend-services update … --timeout=86400',
    Heroku: 'fixed at 55 s of silence: only a heartbeat helps',
    Cloudflare: 'fixed below the Enterprise plan: only a heartbeat helps',
    Envoy: 'on the route: timeout: 0s  and  idle_timeout: 3600s',
    Varnish: 'between_bytes_timeout = 3600s',
  },
  'last-event-id': {
    [application]: 'take the id from the query too: /events?lastEventId=…',
    nginx: 'remove proxy_set_header Last-Event-ID … and proxy_pass_request_headers off',
    HAProxy: 'remove http-request del-header Last-Event-ID',
    Apache: 'remove RequestHeader unset Last-Event-ID',
    Caddy: 'remove header_up -Last-Event-ID',
    CloudFront: 'an origin request policy that forwards Last-Event-ID, such as AllViewer',
  },
  http2: {
    nginx: 'listen 443 ssl; http2 on;   (before 1.25.1: listen 443 ssl http2;)',
    HAProxy: 'bind :443 ssl crt … alpn h2,http/1.1',
    Apache: 'Protocols h2 http/1.1',
    Caddy: 'on by default: look for "protocols h1"',
    'AWS ALB': 'routing.http2.enabled = true',
  },
  caching: {
    [application]: 'send the header Cache-Control: no-store, no-transform',
    nginx: 'proxy_cache off; and no proxy_hide_header Cache-Control or expires',
    Cloudflare: 'a cache rule that bypasses the path',
    CloudFront: 'the cache policy CachingDisabled for the path',
    Varnish: 'sub vcl_recv { if (req.url ~ "^/events") { return (pass); } }',
  },
}

/** What to set against a trouble: where somebody gave himself away there and in the application, else wherever it may be. */
export function remediesFor(trouble: Trouble, hops: readonly Hop[]): readonly Remedy[] {
  const all = Object.entries(settings[trouble]).map(([where, setting]) => ({ where, setting }))
  const names = new Set([...hops.map(({ name }) => name), ...(hasNginx(hops) ? ['ingress-nginx'] : [])])
  const seen = all.filter(({ where }) => names.has(where))
  const common = all.filter(({ where }) => unseen.has(where) && !names.has(where))
  const inApplication = all.filter(({ where }) => where === application)
  return [...seen, ...inApplication, ...(seen.length > 0 ? [] : common)]
}

/** What is so common, or so silent, that it may be there though nothing says so. */
const unseen = new Set(['nginx', 'Apache', 'Caddy', 'HAProxy', 'AWS ALB', 'Traefik'])

function hasNginx(hops: readonly Hop[]): boolean {
  return hops.some(({ name }) => name === 'nginx')
}
