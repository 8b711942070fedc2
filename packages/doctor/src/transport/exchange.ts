import type { Connection } from './connect.ts'
import { exchangeHttp1 } from './http1.ts'
import { exchangeHttp2 } from './http2.ts'
import type { Exchange, ExchangeListener, Request } from './message.ts'

/** Makes one request on a connection, which belongs to the exchange from then on. */
export function exchange(connection: Connection, request: Request, listener: ExchangeListener): Exchange {
  return connection.protocol === 'h2'
    ? exchangeHttp2(connection.socket, request, listener)
    : exchangeHttp1(connection.socket, request, listener)
}
