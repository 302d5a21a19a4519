import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { Failure } from '../../../src/reasons/failure.ts';
import { hostTargets } from '../../../src/targets/host/host.ts';
import { isThisHost, thisHost } from '../../../src/targets/host/this-host.ts';

const vm = { name: 'vm', addresses: ['10.0.0.5', 'fe80::1'] };
const full = { name: 'vm.example.com', addresses: [] };

describe('an alert means this machine', () => {
  it('by loopback, by its addresses, and by its name, short or full', () => {
    for (const host of [
      'localhost',
      'a.localhost',
      '127.0.0.1',
      '127.1.2.3',
      '::1',
      '0.0.0.0',
      '10.0.0.5',
      'fe80::1',
    ])
      assert.ok(isThisHost(host, vm), host);
    for (const host of ['vm', 'VM', 'vm.example.com']) {
      assert.ok(isThisHost(host, vm), host);
      assert.ok(isThisHost(host, full), host);
    }
    const here = thisHost();
    assert.ok(isThisHost(hostname(), here));
    assert.ok(here.addresses.every((address) => isThisHost(address, here)));
  });

  it('not when it names another machine', async () => {
    for (const host of ['db7.example.com', 'db7', 'vm2', '10.0.0.6', '1270.0.0.1', 'vm-example.com'])
      assert.ok(!isThisHost(host, vm), host);
    assert.ok(!isThisHost('vm.elsewhere.com', full));
    for (const labels of [
      { instance: 'db7.flamepin.test:9404' },
      { host: 'db7.flamepin.test', instance: 'localhost:9404' },
      { instance: '192.0.2.7:9404' },
    ])
      await assert.rejects(
        hostTargets().resolve(
          { labels, startsAt: '2026-11-23T02:00:00Z', generatorUrl: '' },
          AbortSignal.timeout(10_000),
        ),
        (error) => {
          assert.ok(error instanceof Failure);
          assert.equal(error.code, 'target-not-found');
          assert.match(error.detail, /(db7\.flamepin\.test|192\.0\.2\.7).* this is /);
          return true;
        },
      );
  });
});
