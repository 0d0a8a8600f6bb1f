import { requirePeer } from './require-peer.ts';
import type { Endpoint } from './endpoint.ts';

// Back within a second of the service: by default a client waits up to two minutes between attempts to connect.
const reconnecting = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** How a gRPC client of Google's is told where its service is, and how to come back to it. */
export async function grpcSettings(endpoint: Endpoint | undefined) {
  if (endpoint === undefined) return reconnecting;
  const address = {
    ...reconnecting,
    apiEndpoint: endpoint.host,
    servicePath: endpoint.host,
    port: endpoint.port,
  };
  if (!endpoint.insecure) return address;
  const { grpc } = await requirePeer('google-gax', () => import('google-gax'));
  return { ...address, sslCreds: grpc.credentials.createInsecure() };
}
