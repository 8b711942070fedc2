export type {
  AdapterHarness,
  AdapterRoute,
  AdapterServer,
  AdapterSetup,
  RouteContext,
  SuiteOptions,
} from './adapter/adapter-harness.ts'
export { describeAdapter, type TestRunner } from './adapter/describe-adapter.ts'
export { createTestClient, type TestClient, type TestClientState } from './client/test-client.ts'
export type { TestClientOptions } from './client/test-client-options.ts'
export { createTestClock, type TestClock } from './clock/test-clock.ts'
export { type CollectedStream, collect } from './collect/collect.ts'
export type { CollectOptions } from './collect/collect-options.ts'
export type { CollectedEvent } from './collect/collected-event.ts'
export type { CollectTarget, FastifyLike } from './collect/endpoint.ts'
export type { KeptEvents, PublishedFields } from './history/channel-record.ts'
export type {
  RecordedBlock,
  RecordedClient,
  RecordedConnection,
  RecordedSubscription,
} from './history/client-record.ts'
export {
  createHistory,
  type EndingChannel,
  type History,
  type HistoryOptions,
  type LoggedEvent,
  type PublishingChannel,
} from './history/history.ts'
export type { Fault, Verdict } from './history/verdict.ts'
export { describeLog } from './log-suite/describe-log.ts'
export type { LogCapability, LogHarness, LogSuiteOptions } from './log-suite/log-harness.ts'
