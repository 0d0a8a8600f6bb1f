import { requirePeer } from './require-peer.ts';
import type { Endpoint } from './endpoint.ts';

/** How a gRPC client of Google's is told where its service is. */
export async function grpcSettings(endpoint: Endpoint | undefined) {
  if (endpoint === undefined) return {};
  const address = { apiEndpoint: endpoint.host, servicePath: endpoint.host, port: endpoint.port };
  if (!endpoint.insecure) return address;
  const { grpc } = await requirePeer('google-gax', () => import('google-gax'));
  return { ...address, sslCreds: grpc.credentials.createInsecure() };
}
