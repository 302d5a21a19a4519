import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { identifySource, type SourceCredentials } from '../../../src/alerts/signature.ts';

const now = Date.parse('2026-11-23T02:00:00Z');
const seconds = now / 1000;
const rawBody = Buffer.from('{"version":"1","alerts":[]}');
const open: SourceCredentials = { name: 'open', bearerToken: null, basic: null, signature: null };
const bearer = { ...open, name: 'am', bearerToken: 'correct horse' };
const basic = { ...open, name: 'mimir', basic: { username: 'mimir', password: 'pass:word' } };
const signing = (timestampHeader: string | null): SourceCredentials => ({
  ...open,
  name: 'grafana',
  signature: {
    secret: 'battery staple',
    header: 'X-Grafana-Alerting-Signature',
    timestampHeader,
    maximumSkewMs: 300_000,
  },
});

function ask(
  source: SourceCredentials | SourceCredentials[],
  headers: Record<string, string>,
  body = rawBody,
) {
  return identifySource([source].flat(), { headers, rawBody: body, now });
}

function sign(text: string | Buffer, secret = 'battery staple'): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

describe('a source with a bearer token', () => {
  it('is accepted with the token, and only with it', () => {
    assert.equal(ask(bearer, { authorization: 'Bearer correct horse' }).source, 'am');
    assert.equal(ask(bearer, { authorization: 'bearer  correct horse ' }).source, 'am');
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      'Bearer correct',
      'Basic correct horse',
      'correct horse',
    ])
      assert.equal(ask(bearer, { authorization }).source, null);
  });

  it('never repeats a token in its refusal', () => {
    assert.doesNotMatch(
      JSON.stringify(ask(bearer, { authorization: 'Bearer wrong-secret' })),
      /wrong-secret|horse/,
    );
  });

  it('refuses whatever else is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab-9\0\n"\'<&$\\:/.\ud800é😀') }), (token) => {
        fc.pre(token.trim() !== 'correct horse');
        assert.equal(ask(bearer, { authorization: `Bearer ${token}` }).source, null);
      }),
    );
  });
});

describe('a source with user name and password', () => {
  const encode = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  it('is accepted with both, even if the password holds a colon', () => {
    assert.equal(ask(basic, { authorization: encode('mimir:pass:word') }).source, 'mimir');
    for (const wrong of ['mimir:pass', 'other:pass:word', 'mimir', ''])
      assert.equal(ask(basic, { authorization: encode(wrong) }).source, null);
  });
});

describe("Grafana's signature", () => {
  it('over the raw body is accepted; over any other bytes it is not', () => {
    const headers = { 'x-grafana-alerting-signature': sign(rawBody) };
    assert.equal(ask(signing(null), headers).source, 'grafana');
    assert.equal(ask(signing(null), headers, Buffer.from('{"version":"1","alerts":[] }')).source, null);
    assert.equal(ask(signing(null), {}).source, null);
    assert.equal(ask(signing(null), { 'x-grafana-alerting-signature': sign(rawBody, 'other') }).source, null);
  });

  it('covers the time when a timestamp header is configured', () => {
    const at = (time: number, signedTime = time) =>
      ask(signing('X-Time'), {
        'x-time': String(time),
        'x-grafana-alerting-signature': sign(`${signedTime}:${rawBody.toString()}`),
      });
    assert.equal(at(seconds).source, 'grafana');
    assert.equal(at(seconds - 299).source, 'grafana');
    assert.equal(at(seconds + 299).source, 'grafana');
    assert.equal(at(seconds, seconds - 1).source, null);
  });

  it('with a clock too far off is refused, with the distance and direction', () => {
    const at = (time: number) =>
      JSON.stringify(
        ask(signing('X-Time'), {
          'x-time': String(time),
          'x-grafana-alerting-signature': sign(`${time}:${rawBody.toString()}`),
        }),
      );
    assert.match(at(seconds - 900), /900 s behind/);
    assert.match(at(seconds + 900), /900 s ahead/);
  });

  it('without a time, or in milliseconds, is refused', () => {
    const signature = sign(`${now}:${rawBody.toString()}`);
    for (const time of [undefined, '', 'soon', String(now)])
      assert.equal(
        ask(signing('X-Time'), {
          'x-grafana-alerting-signature': signature,
          ...(time === undefined ? {} : { 'x-time': time }),
        }).source,
        null,
      );
  });

  it('is required beside a token when both are configured', () => {
    const both = { ...signing(null), bearerToken: 'correct horse' };
    const signature = { 'x-grafana-alerting-signature': sign(rawBody) };
    assert.equal(ask(both, signature).source, null);
    assert.equal(ask(both, { authorization: 'Bearer correct horse' }).source, null);
    assert.equal(ask(both, { ...signature, authorization: 'Bearer correct horse' }).source, 'grafana');
  });
});

describe('several sources on one path', () => {
  it('are told apart by their credentials', () => {
    const sources = [bearer, basic];
    assert.equal(ask(sources, { authorization: 'Bearer correct horse' }).source, 'am');
    assert.equal(ask(sources, { authorization: `Basic ${btoa('mimir:pass:word')}` }).source, 'mimir');
    assert.equal(ask(sources, {}).source, null);
  });

  it('without a secret are tried last', () => {
    assert.equal(ask([open, bearer], { authorization: 'Bearer correct horse' }).source, 'am');
    assert.equal(ask([open, bearer], {}).source, 'open');
    assert.equal(ask([], {}).source, null);
  });
});
