import { needs } from '../../../../test/support/needs.ts'

/** What tests run against whose outcome is a matter of the server: this machine's, and a newer one; with its version. */
export const servers = [
  ['NATS', needs('nats-server'), /^2\./],
  ['NATS 2.10', needs('nats-server@2.10'), /^2\.10\./],
] as const
