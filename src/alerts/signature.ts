import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What a sender must present; null: not required. Everything that is set must match. */
export interface SourceCredentials {
  /** Name of the configured source. */
  name: string;
  bearerToken: string | null;
  basic: { username: string; password: string } | null;
  signature: {
    secret: string;
    /** Header that carries the signature. */
    header: string;
    /** Header that carries the signed time, or null when the sender signs the body alone. */
    timestampHeader: string | null;
    maximumSkewMs: number;
  } | null;
}

export interface SignedRequest {
  /** As Node gives them: names in lower case. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body as received, before any parsing; null: not read yet, so the signature is not checked. */
  rawBody: Uint8Array | null;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Who sent it, or why no source matched; `detail` contains no secret and is safe to log and to return. `proven`: a
 * secret was presented; false until a signature can be checked against its body, and for sources without a secret.
 */
export type Identified = { source: string; proven: boolean } | { source: null; detail: string };

/**
 * The first source whose credentials the request presents. Sources without credentials are tried last, so that a
 * request with a token is attributed to its own source.
 */
export function identifySource(sources: readonly SourceCredentials[], request: SignedRequest): Identified {
  const strictFirst = [...sources.filter(isGuarded), ...sources.filter((source) => !isGuarded(source))];
  let detail = 'no source is configured for this path';
  for (const [index, source] of strictFirst.entries()) {
    const fault = findFault(source, request);
    if (fault === null) return { source: source.name, proven: isProven(source, request) };
    if (index === 0) detail = fault;
  }
  return { source: null, detail };
}

function isGuarded({ bearerToken, basic, signature }: SourceCredentials): boolean {
  return bearerToken !== null || basic !== null || signature !== null;
}

/** Only for a source that `findFault` accepts. */
function isProven({ bearerToken, basic, signature }: SourceCredentials, { rawBody }: SignedRequest): boolean {
  return bearerToken !== null || basic !== null || (signature !== null && rawBody !== null);
}

function findFault(source: SourceCredentials, request: SignedRequest): string | null {
  const authorization = header(request, 'authorization');
  if (source.bearerToken !== null) {
    const [, token] = /^bearer +(.+)$/i.exec(authorization) ?? [];
    if (token === undefined) return 'a bearer token is missing';
    if (!sameText(token.trim(), source.bearerToken)) return 'the bearer token is wrong';
  }
  if (source.basic !== null) {
    const [, encoded] = /^basic +([A-Za-z0-9+/=]+)\s*$/i.exec(authorization) ?? [];
    if (encoded === undefined) return 'user name and password are missing';
    const given = Buffer.from(encoded, 'base64').toString('utf8');
    // Compared as one string: a wrong user name must not fail faster than a wrong password.
    if (!sameText(given, `${source.basic.username}:${source.basic.password}`))
      return 'user name or password is wrong';
  }
  return source.signature === null ? null : findSignatureFault(source.signature, request);
}

/**
 * Grafana's HMAC-SHA256 over the raw body, lower-case hex without a prefix; with a timestamp header configured over
 * `<Unix seconds>:<body>`.
 */
function findSignatureFault(
  { secret, header: name, timestampHeader, maximumSkewMs }: NonNullable<SourceCredentials['signature']>,
  request: SignedRequest,
): string | null {
  const given = header(request, name);
  if (given === '') return `the signature header ${name} is missing`;
  const hmac = createHmac('sha256', secret);
  if (timestampHeader !== null) {
    const timestamp = header(request, timestampHeader);
    if (!/^\d{1,12}$/.test(timestamp))
      return `the timestamp header ${timestampHeader} is missing or not a number`;
    const skewMs = request.now - Number(timestamp) * 1000;
    if (Math.abs(skewMs) > maximumSkewMs)
      return `the signed time is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} this clock; check both clocks or raise maximumSkew`;
    hmac.update(`${timestamp}:`);
  }
  if (request.rawBody === null) return null;
  const expected = hmac.update(request.rawBody).digest('hex');
  return sameText(given, expected) ? null : 'the signature does not match the body';
}

/** '' when the header is missing or was sent several times. */
function header(request: SignedRequest, name: string): string {
  const value = request.headers[name.toLowerCase()];
  return typeof value === 'string' ? value.trim() : '';
}

/** Constant time; hashing first makes both sides the same length. */
export function sameText(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
