import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lifecycleRules } from '../../../src/stores/s3/lifecycle.ts';
import { asS3Failure } from '../../../src/stores/s3/s3-failure.ts';
import {
  decodeMetadata,
  dispositionOf,
  encodeMetadata,
  taggingOf,
} from '../../../src/stores/s3/s3-headers.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const serviceError = (name: string, httpStatusCode: number) =>
  Object.assign(new Error('words'), { name, $metadata: { httpStatusCode } });

describe('S3 errors', () => {
  const cases: [unknown, string][] = [
    [serviceError('NoSuchBucket', 404), 'store-missing'],
    [serviceError('AccessDenied', 403), 'store-denied'],
    [serviceError('SignatureDoesNotMatch', 403), 'store-denied'],
    [serviceError('RequestTimeTooSkewed', 403), 'store-denied'],
    [serviceError('PermanentRedirect', 301), 'store-denied'],
    [serviceError('NotImplemented', 501), 'store-denied'],
    [serviceError('ExpiredToken', 400), 'store-unavailable'],
    [serviceError('SlowDown', 503), 'store-unavailable'],
    [serviceError('XMinioStorageFull', 507), 'store-full'],
    [serviceError('InvalidAccessKeyId', 403), 'store-denied'],
    [serviceError('TooManyRequests', 429), 'store-unavailable'],
    [serviceError('InternalError', 500), 'store-unavailable'],
    [serviceError('ConditionalRequestConflict', 409), 'store-unavailable'],
    [Object.assign(new Error('AccessDenied'), { code: 'ECONNRESET' }), 'store-unavailable'],
    [Object.assign(new Error('x'), { name: 'CredentialsProviderError' }), 'store-unavailable'],
    [new Failure('store-missing'), 'store-missing'],
  ];
  for (const [error, code] of cases)
    it(`are recognised by name and status: ${String((error as Error).name)} is ${code}`, () => {
      const failure = asS3Failure(error, 'profiles');
      assert.deepEqual([failure.code, failure.retryable], [code, true], 'an operator may repair it');
    });

  it('name the setting that helps when a service lacks a feature', () => {
    assert.match(asS3Failure(serviceError('NotImplemented', 501), 'b').detail, /conditionalWrites/);
  });
});

describe('S3 headers', () => {
  it('carry any label value and return it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (value) => {
        const encoded = encodeMetadata({ workload: value });
        assert.match(encoded['workload'] ?? '', /^[ -~]*$/);
        assert.equal(decodeMetadata(encoded)['workload'], value.trim());
      }),
    );
  });

  it('stay below 2 KB however long the labels are', () => {
    const encoded = encodeMetadata({
      a: 'ä'.repeat(5000),
      b: 'x'.repeat(5000),
      c: '\n'.repeat(5000),
      d: '%'.repeat(999),
    });
    assert.ok(Object.values(encoded).join('').length <= 1600);
    assert.doesNotThrow(() => decodeURIComponent(encoded['a'] ?? ''));
  });

  it('hold at most ten tags of characters that S3 accepts', () => {
    const extra = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`team ${i}`, `<b>&"${'x'.repeat(300)}`]),
    );
    const object = {
      key: 'captures/2026/11/23/c-1/summary.md',
      body: Buffer.from(''),
      contentType: 'text/markdown',
      contentEncoding: 'identity' as const,
      metadata: { workload: 'ns/Deployment/a', alert: 'p99 > 1s & rising', digest: 'ff' },
    };
    const tags = [...new URLSearchParams(taggingOf(object, extra))];
    assert.equal(tags.length, 10);
    assert.deepEqual(tags.slice(0, 3), [
      ['flamepin', 'profile'],
      ['workload', 'ns/Deployment/a'],
      ['alert', 'p99 _ 1s _ rising'],
    ]);
    assert.ok(tags.every(([name, value]) => value.length <= 256 && /^[\w +\-=.:/@]+$/.test(name + value)));
  });

  it('open pictures in the browser and save recordings under a name of their own', () => {
    assert.equal(
      dispositionOf('captures/2026/11/23/c-1/flamegraph.svg'),
      'inline; filename="c-1-flamegraph.svg"',
    );
    assert.equal(
      dispositionOf('recordings/2026/11/23/c-1/recording.jfr'),
      'attachment; filename="c-1-recording.jfr"',
    );
  });
});

describe('lifecycle rules', () => {
  it('expire recordings before profiles, below the prefix', () => {
    const { Rules } = lifecycleRules({ prefix: 'flamepin/', recordingDays: 7, profileDays: 90 });
    assert.deepEqual(
      Rules.map((rule) => ({
        ...rule,
        AbortIncompleteMultipartUpload: undefined,
        ID: undefined,
        Status: undefined,
      })),
      [
        { Filter: { Prefix: 'flamepin/recordings/' }, Expiration: { Days: 7 } },
        { Filter: { Prefix: 'flamepin/captures/' }, Expiration: { Days: 90 } },
      ].map((rule) => ({
        ...rule,
        AbortIncompleteMultipartUpload: undefined,
        ID: undefined,
        Status: undefined,
      })),
    );
  });
});
