export { createNatsLog, type NatsLogOptions } from './create-nats-log.ts'
