import type { NatsConnection } from '@nats-io/transport-node'

declare global {
  const connection: NatsConnection
}
