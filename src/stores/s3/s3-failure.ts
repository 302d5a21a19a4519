import { Failure } from '../../reasons/failure.ts';

/** What identifies an error of the SDK: name and HTTP status, never its text. */
interface S3Error {
  name: string;
  /** HTTP status; undefined when there was no answer. */
  status: number | undefined;
  /** Code of the socket or of name resolution: ECONNREFUSED, ENOTFOUND, … */
  code: string | undefined;
}

/** Errors that go away by themselves: rotated tokens, a slow metadata service, concurrent writers. */
const transientNames = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'CredentialsProviderError',
  'ProviderError',
  'TimeoutError',
  'AbortError',
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
]);

export function describeS3Error(error: unknown): S3Error {
  if (typeof error !== 'object' || error === null)
    return { name: 'Error', status: undefined, code: undefined };
  const { name, code, $metadata } = error as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: unknown };
  };
  return {
    name: typeof name === 'string' ? name : 'Error',
    status: typeof $metadata?.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined,
    code: typeof code === 'string' ? code : undefined,
  };
}

/**
 * store-missing without a bucket, store-full when it is full, store-unavailable for anything transient (no response, 429,
 * 5xx, rotating credentials, concurrent writers), store-denied for every other rejection.
 */
export function asS3Failure(error: unknown, bucket: string): Failure {
  if (error instanceof Failure) return error;
  const { name, status, code } = describeS3Error(error);
  const detail = `${code ?? name}${status === undefined ? '' : ` (HTTP ${status})`}, bucket ${bucket}${hint(name)}`;
  const options = { detail, cause: error };
  if (name === 'NoSuchBucket') return new Failure('store-missing', options);
  // Insufficient Storage: what services on disks of their own answer; AWS has no such limit.
  if (status === 507) return new Failure('store-full', options);
  if (transientNames.has(name) || status === undefined || status === 429 || status >= 500) {
    return name === 'NotImplemented' || status === 501
      ? new Failure('store-denied', options)
      : new Failure('store-unavailable', options);
  }
  return new Failure('store-denied', options);
}

function hint(name: string): string {
  if (name === 'RequestTimeTooSkewed') return ': the clocks differ by more than 15 minutes';
  if (name === 'NotImplemented')
    return ': the service lacks something that was asked of it; conditionalWrites, checksums and tags can be switched off';
  if (name === 'CredentialsProviderError') return ': no credentials were found';
  return '';
}
