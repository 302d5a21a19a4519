import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { isMachine, otherMachine } from '../../../src/alerts/machine.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import { hostTargets } from '../../../src/targets/host/host.ts';
import { thisHost } from '../../../src/targets/host/this-host.ts';

describe('this machine is known', () => {
  it('by its host name, by each of its addresses, and by what is configured', () => {
    const here = thisHost(['checkout-prod', '203.0.113.9', '2001:DB8::9']);
    assert.equal(here.names[0], hostname());
    for (const host of [hostname().toLowerCase(), 'checkout-prod', '203.0.113.9', '2001:db8::9'])
      assert.ok(isMachine(host, here), host);
    for (const address of here.addresses)
      assert.equal(
        otherMachine({ instance: address.includes(':') ? `[${address}]:1` : address }, here),
        null,
      );
  });

  it('and nothing is looked for when an alert is about another, whatever the pattern fits', async () => {
    for (const process of [undefined, '.'])
      for (const labels of [
        { instance: 'db7.flamepin.test:9404' },
        { host: 'db7.flamepin.test', instance: 'localhost:9404' },
        { instance: '192.0.2.7:9404' },
        { node: 'db7' },
      ])
        await assert.rejects(
          hostTargets({ names: [], unitLabels: [] }).resolve(
            { labels, startsAt: '2026-11-23T02:00:00Z', generatorUrl: '', ...(process && { process }) },
            AbortSignal.timeout(10_000),
          ),
          (error) => {
            assert.ok(error instanceof Failure);
            assert.equal(error.code, 'not-here');
            assert.match(error.detail, /names (db7|192\.0\.2\.7).*, this is /);
            return true;
          },
        );
  });
});
