import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { lookAtInventory } from '../../src/commands/doctor-inventory.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { openInventory } from '../../src/serve/open-inventory.ts';
import type { Inventory } from '../../src/targets/ssh/inventory/inventory.ts';

const refreshInterval = '1s';
const patienceMs = 15_000;

describe('an inventory of hosts', () => {
  let directory = '';
  let closing: AsyncDisposableStack;
  let warned: string[] = [];
  beforeEach(() => {
    closing = new AsyncDisposableStack();
    directory = mkdtempSync(join(tmpdir(), 'flamepin-inventory-'));
    closing.defer(() => rmSync(directory, { recursive: true, force: true }));
    warned = [];
  });
  afterEach(() => closing.disposeAsync());

  const write = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };
  const open = async (source: object, options: { offline?: boolean } = {}): Promise<Inventory> => {
    const file = write('flamepin.yaml', JSON.stringify({ targets: { ssh: { inventory: [source] } } }));
    const log = {
      info: (_: unknown, message?: string) => void warned.push(message ?? ''),
      warn: (fields: unknown, message?: string) =>
        void warned.push(`${message ?? ''} ${JSON.stringify(fields)}`),
    };
    const inventory = await openInventory(loadConfiguration(file, {}), log, options);
    assert.ok(inventory !== null);
    closing.defer(() => inventory.close());
    inventory.keepFresh();
    return inventory;
  };
  const becomes = async (what: string, is: () => boolean): Promise<void> => {
    const until = performance.now() + patienceMs;
    while (!is()) {
      assert.ok(performance.now() < until, `never: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const hostsFor = (inventory: Inventory, name: string): string[] =>
    inventory
      .find(name)
      .map(
        ({ user, host, port }) =>
          `${user === null ? '' : `${user}@`}${host}${port === null ? '' : `:${port}`}`,
      );

  it('is read from files of Prometheus, by the names that alerts give the hosts', async () => {
    write(
      'eu.json',
      JSON.stringify([
        {
          targets: ['10.0.0.7:9100', '10.0.0.7:8080'],
          labels: { nodename: 'app-1', __meta_ssh: 'ops@app-1.eu.example.com:2222' },
        },
        { targets: ['app-2.eu.example.com:9100'], labels: null },
      ]),
    );
    write(
      'us.yml',
      '- targets: ["[2001:db8::7]:9100", "http://app-3:8080/metrics"]\n  labels: {rack: 7, job: node}\n',
    );
    const inventory = await open({
      fileSd: { files: [join(directory, '*.json'), join(directory, 'us.yml')] },
    });
    for (const name of ['10.0.0.7', 'app-1', 'app-1.eu.example.com'])
      assert.deepEqual(hostsFor(inventory, name), ['ops@app-1.eu.example.com:2222'], name);
    assert.deepEqual(hostsFor(inventory, 'app-2'), ['app-2.eu.example.com']);
    assert.deepEqual(hostsFor(inventory, '2001:db8::7'), ['2001:db8::7']);
    assert.deepEqual(hostsFor(inventory, 'app-3'), ['app-3']);
    assert.deepEqual(hostsFor(inventory, 'app-4'), []);
    assert.deepEqual(inventory.unread(), []);
    assert.deepEqual(warned, []);
  });

  it('follows its files; one that is broken keeps its hosts, and says so once', async () => {
    const one = write('one.json', '[{"targets": ["app-1:9100"]}]');
    const inventory = await open({ fileSd: { files: [join(directory, '*.json')], refreshInterval } });
    assert.deepEqual(hostsFor(inventory, 'app-1'), ['app-1']);

    write('two.json', '[{"targets": ["app-2:9100"]}]');
    await becomes('a new file', () => hostsFor(inventory, 'app-2').length === 1);

    write('one.json', '[{"targets": ["app-9:9100"');
    await becomes('the warning', () => warned.length > 0);
    assert.match(warned[0] ?? '', /^inventory cannot be read; the hosts read last stay .*one\.json: .*JSON/);
    assert.deepEqual(hostsFor(inventory, 'app-1'), ['app-1']);
    assert.deepEqual(inventory.unread(), []);

    write('two.json', '[{"targets": ["app-3:9100"]}]');
    await becomes('another file beside it', () => hostsFor(inventory, 'app-3').length === 1);
    assert.equal(warned.length, 1);

    unlinkSync(one);
    await becomes('a file that is gone', () => hostsFor(inventory, 'app-1').length === 0);
    assert.equal(warned.at(-1), 'inventory read again');
  });

  it('takes nothing from a list that is half wrong, and nothing that ssh could take for an option', async () => {
    for (const [text, words] of [
      ['{"targets": []}', /not a list of target groups/],
      ['[{"targets": ["app-1", "-oProxyCommand=x"]}]', /the target \\"-oProxyCommand=x\\" names no host/],
      [
        '[{"targets": ["app-1"], "labels": {"__meta_ssh": "-lroot@app-1"}}]',
        /\\"-lroot@app-1\\" is not \[user@\]host\[:port\]/,
      ],
      ['[{"targets": ["app-1"], "labels": {"__meta_ssh": "app-1/4711"}}]', /is not \[user@\]host\[:port\]/],
      ['[{"targets": [7]}]', /not a list of target groups \(0\.targets\.0/],
    ] as const) {
      warned = [];
      const inventory = await open({ fileSd: { files: [write('hosts.json', text)] } });
      assert.match(warned.join(), words);
      assert.deepEqual(hostsFor(inventory, 'app-1'), []);
      assert.match(inventory.unread().join(), /^file_sd .*hosts\.json, which could not be read$/);
      inventory.close();
    }
  });

  it('is read from a URL, with its token; while that does not answer, the hosts it gave last stay', async () => {
    let status = 200;
    let asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end('[{"targets": ["10.0.0.9:9100"], "labels": {"login": "app-9"}}]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hosts?dc=eu`;
    const source = {
      httpSd: { url, refreshInterval, bearerTokenFile: write('token', 'open sesame\n') },
      sshLabel: 'login',
    };
    const inventory = await open(source);
    assert.deepEqual(hostsFor(inventory, '10.0.0.9'), ['app-9']);
    assert.deepEqual(asked, ['/hosts?dc=eu Bearer open sesame']);

    status = 503;
    await becomes('the warning', () => warned.length > 0);
    assert.match(warned[0] ?? '', /answers 503/);
    assert.deepEqual(hostsFor(inventory, '10.0.0.9'), ['app-9']);
    inventory.close();

    const late = await open(source);
    assert.deepEqual(hostsFor(late, '10.0.0.9'), []);
    assert.deepEqual(late.unread(), [`http_sd ${url}, which could not be read`]);
    assert.doesNotMatch(warned.join(), /sesame/);
    status = 200;
    await becomes('the answer', () => hostsFor(late, '10.0.0.9').length === 1);
    assert.deepEqual(late.unread(), []);
    late.close();

    asked = [];
    const offline = await open(source, { offline: true });
    assert.equal(offline.unread().length, 1);
    assert.deepEqual(asked, []);
  });

  it('is checked by doctor, source by source', async () => {
    const good = { fileSd: { files: [write('good.json', '[{"targets": ["app-1", "app-2"]}]')] } };
    const bad = { httpSd: { url: 'http://127.0.0.1:1/hosts' } };
    const file = write('flamepin.yaml', JSON.stringify({ targets: { ssh: { inventory: [good, bad] } } }));
    const lines = await lookAtInventory(loadConfiguration(file, {}));
    assert.deepEqual(
      lines.map(({ ok, detail }) => [ok, detail]),
      [
        [true, '2 hosts'],
        [false, 'connect ECONNREFUSED 127.0.0.1:1'],
      ],
    );
  });

  it('costs as many timers with two thousand hosts as with one', async () => {
    const timersWith = async (count: number): Promise<number> => {
      const targets = Array.from({ length: count }, (_, i) => `app-${i}.example.com:9100`);
      let timers = 0;
      const hook = createHook({ init: (_, type) => void (timers += type === 'Timeout' ? 1 : 0) }).enable();
      const inventory = await open({
        fileSd: { files: [write('many.json', JSON.stringify([{ targets }]))] },
      });
      assert.equal(inventory.sources()[0]?.hosts, count);
      assert.equal(inventory.find(`app-${count - 1}`).length, 1);
      hook.disable();
      inventory.close();
      return timers;
    };
    const one = await timersWith(1);
    assert.ok(one > 0);
    assert.equal(await timersWith(2_000), one);
  });
});
