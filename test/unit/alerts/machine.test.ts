import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostIn, isMachine, mayBeContainer, otherMachine } from '../../../src/alerts/machine.ts';

const vm = {
  names: ['vm'],
  addresses: ['10.0.0.5', 'fe80::1', '2001:db8::5'],
  containerSubnets: ['172.17.0.1/16'],
};
const full = { names: ['vm.example.com'], addresses: [], containerSubnets: [] };
const both = { names: ['vm', 'vm.staging.example.com'], addresses: [], containerSubnets: [] };

describe('a host name or address is this machine', () => {
  it('by loopback, by its addresses, and by its names, short or full', () => {
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
      assert.ok(isMachine(host, vm), host);
    for (const host of ['vm', 'vm.example.com']) {
      assert.ok(isMachine(host, vm), host);
      assert.ok(isMachine(host, full), host);
    }
    for (const host of ['vm', 'vm.staging.example.com']) assert.ok(isMachine(host, both), host);
  });

  it('and not otherwise: full names must be equal', () => {
    for (const host of [
      'db7.example.com',
      'db7',
      'vm2',
      '10.0.0.6',
      '1270.0.0.1',
      'vm-example.com',
      '10.example.com',
    ])
      assert.ok(!isMachine(host, vm), host);
    assert.ok(!isMachine('vm.elsewhere.com', full));
    assert.ok(!isMachine('vm.production.example.com', both));
  });
});

describe('the machine in a label', () => {
  const rows: [string, string | null][] = [
    ['web1:9100', 'web1'],
    ['WEB1.Example.com.:9100', 'web1.example.com'],
    ['http://web1:8080/x', 'web1'],
    ['https://user:secret@web1.example.com/health?x=1', 'web1.example.com'],
    ['web1:8080/metrics', 'web1'],
    ['4711@web1', 'web1'],
    ['10.0.0.5:80', '10.0.0.5'],
    ['[2001:DB8:0::5]:80', '2001:db8::5'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    // No machine.
    ['627cc493-f310-47de-96bd-71410b7dec09', null],
    ['my service (blue)', null],
    [':8080', null],
    ['$(id)', null],
    ['-oProxyCommand=x', null],
    ['x'.repeat(4096), null],
  ];
  for (const [text, host] of rows)
    it(`${text.slice(0, 60)} → ${host ?? 'none'}`, () => assert.equal(hostIn(text), host));
});

describe('an alert is about', () => {
  const here: Record<string, string>[] = [
    {},
    { job: 'shop', uri: '/checkout' },
    { instance: 'localhost:9404' },
    { instance: 'http://vm:8080/x' },
    { instance: '[2001:db8:0:0::5]:9404' },
    { node: 'vm', instance: '10.9.9.9:9404' },
    { node: 'vm', instance: 'checkout:9404' },
    // Tomcat's host is a virtual host; so is that of an HTTP server whose instance is this machine.
    { host: 'localhost', context: '/shop', instance: 'vm:9404' },
    { host: 'shop.example.com', context: '/shop', instance: 'localhost:9404' },
    { host: 'shop.example.com', instance: '10.0.0.5:9404' },
    // The exporter is elsewhere, what it measures is here.
    { exported_instance: 'vm:9404', instance: 'gateway:9091' },
    { instance: '627cc493-f310-47de-96bd-71410b7dec09' },
  ];
  for (const labels of here)
    it(`this machine: ${JSON.stringify(labels)}`, () => assert.equal(otherMachine(labels, vm), null));

  const elsewhere: [Record<string, string>, string][] = [
    [{ node: 'app-42' }, 'node'],
    [{ nodename: 'app-42' }, 'nodename'],
    [{ 'host.name': 'app-42' }, 'host.name'],
    [{ host_name: 'app-42' }, 'host_name'],
    [{ hostname: 'app-42' }, 'hostname'],
    [{ exported_hostname: 'app-42', hostname: 'vm' }, 'exported_hostname'],
    [{ host: 'app-42' }, 'host'],
    [{ host: 'app-42', instance: 'localhost:9273' }, 'host'],
    [{ host: 'shop.example.com', instance: 'web1:8080' }, 'instance'],
    [{ host: 'localhost', context: '/shop', instance: 'app-42.example.com:9404' }, 'instance'],
    [{ instance: 'http://web1:8080/x' }, 'instance'],
    [{ instance: 'web1:8080' }, 'instance'],
    [{ instance: '10.0.0.6:9404' }, 'instance'],
    // One label for this machine does not outweigh one for another.
    [{ hostname: 'vm', node: 'app-42' }, 'node'],
    [{ hostname: 'vm', instance: 'app-42.example.com:9404' }, 'instance'],
    [{ node: 'app-42', instance: 'localhost:9404' }, 'node'],
  ];
  for (const [labels, label] of elsewhere)
    it(`another: ${JSON.stringify(labels)}`, () => assert.equal(otherMachine(labels, vm)?.label, label));
});

it('an address behind a bridge and a container id may be a container of this machine', () => {
  for (const host of ['172.17.0.9', '3f2a1b4c5d6e', 'ab'.repeat(32)])
    assert.ok(mayBeContainer(host, vm), host);
  for (const host of ['172.18.0.9', '10.0.0.6', 'app-42', 'deadbeef', 'vm'])
    assert.ok(!mayBeContainer(host, vm), host);
});
