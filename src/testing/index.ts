export { createTestContext, type TestContext, type TestContextOptions } from './create-test-context.ts';
export {
  FakeBigQuery,
  type FakeBigQueryCall,
  type FakeBigQueryOptions,
  type FakeQueryAnswer,
  type FakeQueryPattern,
} from './fake-big-query.ts';
export {
  FakeHttp,
  type FakeHttpOptions,
  type FakeHttpReply,
  type FakeHttpRequest,
  type FakeHttpRoute,
} from './fake-http.ts';
export { FakeSink } from './fake-sink.ts';
export { FakeStorage, type FakeStorageCall } from './fake-storage.ts';
export { FakeStore, type FakeStoreCall } from './fake-store.ts';
export { FakeUpstream } from './fake-upstream.ts';
export { type Fault, type Faults, type FaultsOptions, faults } from './faults.ts';
export type { Outage } from './outage.ts';
export { type LogLine, RecordingLogger } from './recording-logger.ts';
export { seededRandom } from './seeded-random.ts';
export { VirtualClock } from './virtual-clock.ts';
