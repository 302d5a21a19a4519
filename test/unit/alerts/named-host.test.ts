import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostInventory, Login, ReachableHosts } from '../../../src/alerts/host-inventory.ts';
import { chooseHost } from '../../../src/alerts/named-host.ts';

type Labels = Record<string, string>;
const host = (labels: Labels, hosts?: string[], mapped: Parameters<typeof chooseHost>[2] = []): string => {
  const chosen = chooseHost(labels, { hosts }, mapped);
  return 'code' in chosen ? `${chosen.code}: ${chosen.detail}` : chosen.host;
};

describe('the host that an alert is about', () => {
  it('is what its labels name, the surest first', () => {
    assert.equal(host({ instance: 'app-1:9100' }), 'app-1');
    assert.equal(host({ instance: 'http://App-1.example.com:8080/metrics' }), 'app-1.example.com');
    assert.equal(host({ instance: '10.0.0.7:9100', nodename: 'app-1' }), 'app-1');
    assert.equal(host({ instance: '[2001:db8::7]:9100' }), '2001:db8::7');
    assert.equal(host({ 'host.name': 'app-1', instance: 'localhost:9100' }), 'app-1');
    assert.equal(host({ instance: 'monitor:9100', exported_instance: 'app-1:8080' }), 'app-1');
    assert.equal(host({ host: 'app-1' }), 'app-1');
    assert.match(host({ host: 'app-1', context: '/shop' }), /^no-target-labels/);
    assert.match(host({ instance: 'localhost:9100', job: 'node' }), /^no-target-labels/);
  });

  it('is one of the inventory, whose patterns fit whole names', () => {
    const inventory = ['app-[0-9]+', '10[.]0[.].*'];
    assert.equal(host({ nodename: 'db-1', instance: 'app-1:9100' }, inventory), 'app-1');
    assert.equal(host({ nodename: 'db-1', instance: '10.0.0.7:9100' }, inventory), '10.0.0.7');
    assert.equal(
      host({ nodename: 'app-1x', instance: 'xapp-1' }, inventory),
      'not-here: targets.ssh.hosts has no app-1x (label nodename), xapp-1 (label instance)',
    );
  });

  it('is not chosen between two names that differ; a short name and its full one do not', () => {
    assert.match(
      host({ nodename: 'app-1', instance: 'app-2:8080' }),
      /^target-ambiguous: the label nodename names app-1, instance names app-2$/,
    );
    assert.equal(host({ nodename: 'app-1', instance: 'app-1.example.com:8080' }), 'app-1');
    assert.equal(host({ nodename: 'app-1', instance: 'app-2:8080' }, ['app-2']), 'app-2');
  });

  it('is what a configured label makes of it, before all others', () => {
    const mapped = [{ label: 'server', pattern: '(.+)-prod', value: '$1.example.com' }];
    assert.equal(host({ server: 'app-1-prod', nodename: 'other' }, undefined, mapped), 'app-1.example.com');
    assert.equal(host({ server: 'app-1', nodename: 'other' }, undefined, mapped), 'other');
    assert.match(host({ server: 'a b-prod', nodename: 'other' }, undefined, mapped), /^no-target-labels/);
  });

  it('is never a text that ssh could take for an option', () => {
    for (const text of ['-oProxyCommand=x', '-oProxyCommand=x:22', '$(id)', 'a;b', '`id`', 'a\nb', '%h'])
      for (const label of ['instance', 'nodename', 'host'])
        assert.match(host({ [label]: text }), /^no-target-labels/, text);
  });
});

describe('the host of an inventory', () => {
  const listed: Record<string, Login[]> = {
    '10.0.0.7': [{ user: 'ops', host: 'app-1.example.com', port: 2222 }],
    'app-1.example.com': [{ user: 'ops', host: 'app-1.example.com', port: 2222 }],
    'app-2': [{ user: null, host: '10.0.0.8', port: null }],
    twice: [
      { user: null, host: 'twice.a.example.com', port: null },
      { user: null, host: 'twice.b.example.com', port: null },
    ],
  };
  const inventory = (unread: string[] = []): HostInventory => ({
    find: (name) => listed[name] ?? [],
    unread: () => unread,
  });
  const chosen = (labels: Labels, reachable: ReachableHosts = { inventory: inventory() }): string => {
    const found = chooseHost(labels, reachable, []);
    if ('code' in found) return `${found.code}: ${found.detail}`;
    const { label, user, host: name, port } = found;
    return `${label}: ${user ?? ''}@${name}:${port ?? ''}`;
  };

  it('is reached as the inventory says, by whichever name or address an alert calls it', () => {
    assert.equal(chosen({ instance: '10.0.0.7:8080' }), 'instance: ops@app-1.example.com:2222');
    assert.equal(
      chosen({ nodename: 'app-1.example.com', instance: '10.0.0.7:8080' }),
      'nodename: ops@app-1.example.com:2222',
    );
  });

  it('is the only one that an alert reaches, but for those that fit a pattern', () => {
    assert.equal(
      chosen({ instance: 'db-1:1' }),
      'not-here: targets.ssh.inventory has no db-1 (label instance)',
    );
    const both = { inventory: inventory(), hosts: ['db-[0-9]+'] };
    assert.equal(chosen({ instance: 'db-1:1' }, both), 'instance: @db-1:');
    assert.equal(
      chosen({ instance: 'web-1:1' }, both),
      'not-here: targets.ssh has, in hosts and inventory, no web-1 (label instance)',
    );
  });

  it('is not chosen where labels lead to two, or one name to several', () => {
    assert.equal(
      chosen({ nodename: 'app-2', instance: '10.0.0.7:1' }),
      'target-ambiguous: the label nodename names 10.0.0.8, instance names app-1.example.com',
    );
    assert.match(
      chosen({ nodename: 'twice' }),
      /^target-ambiguous: the inventory has several hosts for twice \(label nodename\): twice\.a\.example\.com and twice\.b/,
    );
  });

  it('may be in a list that could not be read: that is not called another machine', () => {
    const reachable = { inventory: inventory(['http_sd http://cmdb, which could not be read']) };
    assert.equal(
      chosen({ instance: 'db-1:1' }, reachable),
      'inventory-unavailable: db-1 (label instance) may be in http_sd http://cmdb, which could not be read',
    );
    assert.equal(chosen({ instance: '10.0.0.7:1' }, reachable), 'instance: ops@app-1.example.com:2222');
  });
});
