import type { BigQuery } from '@google-cloud/bigquery';
import { endpointOf } from '../endpoint.ts';
import { requirePeer } from '../require-peer.ts';

export interface OfficialClientOptions {
  readonly project: string;
  readonly location: string;
  readonly endpoint?: string | undefined;
}

/**
 * The official client of one project and location, with its own retries off: they know nothing of the call's deadline.
 *
 * @throws ConfigurationError if its package is not installed, or the endpoint is none.
 */
export async function officialClient(options: OfficialClientOptions): Promise<BigQuery> {
  const { project, location } = options;
  const endpoint =
    options.endpoint === undefined ? undefined : endpointOf('bigquery.endpoint', options.endpoint);
  const { BigQuery } = await requirePeer('@google-cloud/bigquery', () => import('@google-cloud/bigquery'));
  return new BigQuery({
    projectId: project,
    location,
    autoRetry: false,
    maxRetries: 0,
    ...(endpoint !== undefined && { apiEndpoint: endpoint.origin }),
    ...(endpoint?.insecure && { authClient: withoutCredentials() }),
  });
}

/** What signs requests to a service of this machine, which wants no signature. */
function withoutCredentials() {
  const client = { getRequestHeaders: async () => new Headers() };
  return client as unknown as NonNullable<
    NonNullable<ConstructorParameters<typeof BigQuery>[0]>['authClient']
  >;
}
