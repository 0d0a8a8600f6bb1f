import type { ErrorKind } from './error-kind.ts';

// Node's system errors and undici's, by code.
const transientCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EBUSY',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
const timeoutCodes = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** What an error's string code means: Node's system errors, undici's, and DOMException-like abort codes. */
export function kindOfCode(code: unknown): ErrorKind | undefined {
  if (typeof code !== 'string') return undefined;
  if (transientCodes.has(code)) return 'transient';
  if (timeoutCodes.has(code)) return 'timeout';
  if (code === 'ABORT_ERR' || code === 'UND_ERR_ABORTED') return 'cancelled';
  if (code.startsWith('UND_ERR_') || code.startsWith('ERR_')) return 'permanent';
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'EINVAL') return 'permanent';
  return undefined;
}

/** What an HTTP status means, a number or its digits. */
export function kindOfStatus(given: unknown): ErrorKind | undefined {
  const status = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
  if (status === 429) return 'throttled';
  if (status === 408) return 'timeout';
  if (status === 425 || status === 500 || status === 502 || status === 503 || status === 504)
    return 'transient';
  if (typeof status === 'number' && status >= 400 && status < 600) return 'permanent';
  return undefined;
}

/**
 * What a gRPC status code means (google.rpc.Code), of an error that is gRPC's. Small numbers are the exit codes of processes
 * too, the codes of databases, and those that DOMExceptions inherit.
 */
export function kindOfGrpc(code: unknown, error: object): ErrorKind | undefined {
  const kind = typeof code === 'number' ? grpcKinds[code] : undefined;
  if (kind === undefined || !Object.hasOwn(error, 'code')) return undefined;
  return grpcFields.some((field) => field in error) ? kind : undefined;
}

// Of grpc-js; of google-gax, whose own errors have them all, if empty; and of Firestore's BulkWriter.
const grpcFields = ['details', 'metadata', 'statusDetails', 'documentRef'];

const grpcKinds: readonly (ErrorKind | undefined)[] = [
  undefined, // OK
  'cancelled', // CANCELLED
  'unknown', // UNKNOWN
  'permanent', // INVALID_ARGUMENT
  'timeout', // DEADLINE_EXCEEDED
  'permanent', // NOT_FOUND
  'permanent', // ALREADY_EXISTS
  'permanent', // PERMISSION_DENIED
  'throttled', // RESOURCE_EXHAUSTED
  'permanent', // FAILED_PRECONDITION
  'transient', // ABORTED
  'permanent', // OUT_OF_RANGE
  'permanent', // UNIMPLEMENTED
  'transient', // INTERNAL
  'transient', // UNAVAILABLE
  'permanent', // DATA_LOSS
  'permanent', // UNAUTHENTICATED
];

/**
 * What a reason of Google's JSON APIs means. `quotaExceeded` is permanent: a day's quota does not come back by asking.
 *
 * Source: BigQuery, "Error messages".
 */
export function kindOfReason(reason: unknown): ErrorKind | undefined {
  return typeof reason === 'string' && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
}

const reasons: Readonly<Record<string, ErrorKind>> = {
  backendError: 'transient',
  internalError: 'transient',
  badGateway: 'transient',
  tableUnavailable: 'transient',
  jobBackendError: 'transient',
  jobInternalError: 'transient',
  rateLimitExceeded: 'throttled',
  userRateLimitExceeded: 'throttled',
  jobRateLimitExceeded: 'throttled',
  quotaExceeded: 'permanent',
  duplicate: 'permanent',
  invalid: 'permanent',
  invalidQuery: 'permanent',
  accessDenied: 'permanent',
  notFound: 'permanent',
  resourcesExceeded: 'permanent',
  billingNotEnabled: 'permanent',
  blocked: 'permanent',
  responseTooLarge: 'permanent',
  stopped: 'cancelled',
  timeout: 'timeout',
};
