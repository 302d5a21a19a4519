import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Failure } from '../../reasons/failure.ts';
import { isStorableKey } from '../../artifacts/keys.ts';
import { asS3Failure, describeS3Error } from './s3-failure.ts';
import { decodeMetadata, dispositionOf, encodeMetadata, taggingOf } from './s3-headers.ts';
import type { ArtifactStore } from '../../captures/artifact-store.ts';

export interface S3StoreOptions {
  bucket: string;
  /** Without it the SDK's own chain: AWS_REGION, shared files. */
  region?: string | undefined;
  /** Any S3-compatible service; AWS when left out. */
  endpoint?: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; what most services other than AWS want. Default false. */
  forcePathStyle?: boolean | undefined;
  /** Put before every key, with its own slash: `flamepin/`. Default ''. */
  prefix?: string | undefined;
  /** Without them the SDK's own chain: environment, shared files, IRSA or pod identity, instance metadata. */
  credentials?:
    { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date } | undefined;
  serverSideEncryption?: 'AES256' | 'aws:kms' | undefined;
  kmsKeyId?: string | undefined;
  /** `If-None-Match: *` on every write, so that a repeated one cannot replace an object. Default true. */
  conditionalWrites?: boolean | undefined;
  /** CRC32 of every body, as SDK 3.729 and later send it; false for services that break on it. Default true. */
  checksums?: boolean | undefined;
  /** Tags in addition to flamepin's own; false for services without tags. Default {}. */
  tags?: Readonly<Record<string, string>> | false | undefined;
  /** Milliseconds for one attempt at one request, of three. Default 20,000: 4 MB at 200 kB/s. */
  requestTimeoutMs?: number | undefined;
}

/** S3's limit for a signed link. */
const maxLinkSeconds = 7 * 24 * 3600;
/** Larger than any recording the profiler collects; anything beyond is not ours and not read into memory. */
const maxObjectBytes = 256 * 1024 * 1024;
/** Objects are deleted one by one, as not every service supports DeleteObjects. */
const maxConcurrentDeletes = 8;

/**
 * Artifacts as objects of one bucket. Bodies are sent as buffers: a stream cannot be sent again when the server
 * dies, and the SDK stores `aws-chunked` as part of its content encoding, which browsers do not decode.
 */
export function s3Store(options: S3StoreOptions): ArtifactStore {
  const { bucket, prefix = '', conditionalWrites = true, checksums = true, tags = {} } = options;
  const requestTimeout = options.requestTimeoutMs ?? 20_000;
  const whenChecksums = checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const region = options.region ?? (options.endpoint === undefined ? undefined : 'us-east-1');
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    forcePathStyle: options.forcePathStyle ?? false,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    // Three attempts take 150 ms against a refused port; the ledger's own retries do the waiting.
    maxAttempts: 3,
    requestChecksumCalculation: whenChecksums,
    responseChecksumValidation: whenChecksums,
    // Without throwOnRequestTimeout the SDK only warns and goes on waiting.
    requestHandler: {
      connectionTimeout: Math.min(5_000, requestTimeout),
      requestTimeout,
      throwOnRequestTimeout: true,
    },
  });
  /** No call outlives its three attempts, whatever the SDK does in between. */
  const deadline = (signal: AbortSignal) =>
    AbortSignal.any([signal, AbortSignal.timeout(3 * requestTimeout + 5_000)]);

  const keyOf = (key: string) => {
    if (!isStorableKey(key)) throw new Failure('store-denied', { detail: `not a storable key: ${key}` });
    return prefix + key;
  };

  return {
    async put(object, signal) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: keyOf(object.key),
        Body: object.body,
        ContentLength: object.body.length,
        ContentType: object.contentType,
        ...(object.contentEncoding === 'gzip' ? { ContentEncoding: 'gzip' } : {}),
        ContentDisposition: dispositionOf(object.key),
        CacheControl: 'private, max-age=86400, immutable',
        Metadata: encodeMetadata(object.metadata),
        ...(tags === false ? {} : { Tagging: taggingOf(object, tags) }),
        ...(options.serverSideEncryption === undefined
          ? {}
          : { ServerSideEncryption: options.serverSideEncryption }),
        ...(options.kmsKeyId === undefined ? {} : { SSEKMSKeyId: options.kmsKeyId }),
        ...(conditionalWrites ? { IfNoneMatch: '*' } : {}),
      });
      try {
        await client.send(command, { abortSignal: deadline(signal) });
      } catch (error) {
        // Already there, from an earlier attempt whose response was lost.
        if (conditionalWrites && describeS3Error(error).status === 412) return;
        throw asS3Failure(error, bucket);
      }
    },

    async get(key, signal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: keyOf(key) });
      try {
        const answer = await client.send(command, { abortSignal: deadline(signal) });
        if ((answer.ContentLength ?? 0) > maxObjectBytes)
          throw new Failure('store-denied', { detail: `${key} is larger than any artifact` });
        const body = await answer.Body?.transformToByteArray();
        if (body === undefined) return undefined;
        return {
          key,
          body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
          contentType: answer.ContentType ?? 'application/octet-stream',
          contentEncoding: answer.ContentEncoding === 'gzip' ? 'gzip' : 'identity',
          metadata: decodeMetadata(answer.Metadata ?? {}),
        };
      } catch (error) {
        if (describeS3Error(error).name === 'NoSuchKey') return undefined;
        throw asS3Failure(error, bucket);
      }
    },

    async list(keyPrefix, limit, signal) {
      const found: { key: string; modifiedAt: Date; size: number }[] = [];
      let token: string | undefined;
      try {
        do {
          const page = await client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + keyPrefix,
              MaxKeys: Math.min(1000, limit - found.length),
              ContinuationToken: token,
            }),
            { abortSignal: deadline(signal) },
          );
          for (const { Key, LastModified, Size } of page.Contents ?? []) {
            if (Key !== undefined)
              found.push({
                key: Key.slice(prefix.length),
                modifiedAt: LastModified ?? new Date(0),
                size: Size ?? 0,
              });
          }
          token = page.NextContinuationToken;
        } while (token !== undefined && found.length < limit);
      } catch (error) {
        throw asS3Failure(error, bucket);
      }
      return found.slice(0, limit);
    },

    async delete(keys, signal) {
      const remove = async (key: string) => {
        try {
          const command = new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(key) });
          await client.send(command, { abortSignal: deadline(signal) });
        } catch (error) {
          if (describeS3Error(error).name !== 'NoSuchKey') throw asS3Failure(error, bucket);
        }
      };
      for (let at = 0; at < keys.length; at += maxConcurrentDeletes)
        await Promise.all(keys.slice(at, at + maxConcurrentDeletes).map(remove));
    },

    async link(key, seconds) {
      try {
        const { expiration } = await client.config.credentials();
        const now = Date.now();
        const expiresIn = Math.max(1, Math.floor(Math.min(seconds, maxLinkSeconds)));
        const command = new GetObjectCommand({ Bucket: bucket, Key: keyOf(key) });
        const url = await getSignedUrl(client, command, { expiresIn });
        // A link signed with temporary credentials expires with them, whatever it says.
        const ends = Math.min(now + expiresIn * 1000, expiration?.getTime() ?? Infinity);
        return { url, expiresAt: new Date(ends) };
      } catch (error) {
        throw asS3Failure(error, bucket);
      }
    },

    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}
