import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { text as readText } from 'node:stream/consumers';
import { z } from 'zod';
import { startFlamepin } from '../../demo/flamepin.ts';
import { compileDemoService, startDemoService, type DemoService } from '../../demo/service.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { toCapture } from '../given/decision.ts';
import { started } from '../given/in-ledger.ts';
import { targetOn } from '../given/target.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { freePort } from '../setup/process.ts';

const root = join(import.meta.dirname, '..', '..');
const flamepin = join(root, 'bin', 'flamepin.js');
const deadlineMs = 60_000;

describe('the commands', { concurrency: true }, () => {
  let directory = '';
  let shop: DemoService;
  const closing = new AsyncDisposableStack();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-commands-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    shop = await startDemoService(await compileDemoService(join(directory, 'classes')), { load: 20 });
    closing.defer(() => shop.stop());
  });

  after(() => closing.disposeAsync());

  interface Ended {
    code: number | null;
    stdout: string;
    stderr: string;
  }

  function begin(args: readonly string[], node: readonly string[] = []) {
    const child = spawn(process.execPath, [...node, flamepin, ...args], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
    });
    const exited = once(child, 'exit');
    const ended = Promise.all([readText(child.stdout), readText(child.stderr), exited]).then(
      ([stdout, stderr]): Ended => ({ code: child.exitCode, stdout, stderr }),
    );
    return { child, ended };
  }
  const run = (...args: string[]): Promise<Ended> => begin(args).ended;

  async function fileOf(name: string, content: string): Promise<string> {
    const file = join(directory, name);
    await writeFile(file, content);
    return file;
  }

  it('each print their usage on stdout', async () => {
    const { code, stdout, stderr } = await run('--help');
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    const names = ['serve', 'capture', 'render', 'compare', 'explain', 'coverage', 'doctor', 'release'];
    for (const name of names) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    const helps = await Promise.all(names.map((name) => run(name, '--help')));
    for (const help of helps) {
      assert.equal(help.code, 0);
      assert.match(help.stdout, /^Usage: flamepin /);
    }
  });

  it('read from a pipe, and end quietly when their reader closes', async () => {
    const recording = join(root, 'test/fixtures/recordings/shop-baseline.jfr.gz');
    const piped = spawn(
      'sh',
      [
        '-c',
        'cat "$3" | "$1" "$2" render - --format html | head -c 15',
        'sh',
        process.execPath,
        flamepin,
        recording,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], timeout: deadlineMs },
    );
    const [stdout, stderr] = await Promise.all([readText(piped.stdout), readText(piped.stderr)]);
    assert.deepEqual([stdout, stderr], ['<!doctype html>', '']);
  });

  it('end quietly, too, when the reader of a long explanation or list closes', async () => {
    const body = z.looseObject({ alerts: z.array(z.unknown()) }).parse(JSON.parse(notificationOf('f1', {})));
    const many = { ...body, alerts: Array.from({ length: 2_000 }, () => body.alerts[0]) };
    const notification = await fileOf('many.json', JSON.stringify(many));
    const command = '"$1" "$2" explain "$3" | head -n 1; "$1" "$2" explain "$3" --json | head -n 1';
    const piped = spawn('sh', ['-c', command, 'sh', process.execPath, flamepin, notification], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
    });
    const [stdout, stderr] = await Promise.all([readText(piped.stdout), readText(piped.stderr)]);
    assert.deepEqual([stdout, stderr], ['HighLatency f1 (firing)\n[\n', '']);
  });

  it('serve says in a line that its port is in use, and ends with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      const configuration = await fileOf(
        'taken.yaml',
        `server: {port: ${port}}\nledger: {sqlite: {path: ${join(directory, 'taken.db')}}}\nstorage: {filesystem: {directory: ${directory}}}\n`,
      );
      const { code, stderr } = await run('serve', '--config', configuration);
      assert.equal(code, 1, stderr);
      assert.equal(
        stderr,
        `flamepin cannot listen on its address.\n  127.0.0.1:${port}: another program listens there\n` +
          '  Stop the program that uses it, or change `server.host` or `server.port`.\n',
      );
    } finally {
      taken.close();
    }
  });

  it('doctor names a configuration that is not supported, and does not call it an error in flamepin', async () => {
    const configuration = await fileOf('postgres.yaml', 'ledger: {postgres: {urlFile: /dev/null}}\n');
    const { stdout, stderr } = await run('doctor', '--config', configuration);
    assert.doesNotMatch(stdout + stderr, /error in flamepin/i);
    assert.match(stdout + stderr, /ledger\.postgres/);
  });

  it('say what to do where the output cannot be written', async () => {
    const recording = join(root, 'test/fixtures/recordings/shop-baseline.jfr.gz');
    const { code, stderr } = await run('render', recording, '--output', join(directory, 'no', 'such.html'));
    assert.equal(code, 1);
    assert.match(stderr, /^The output could not be written\.\n {2}.*such\.html\n {2}Check the path/);
  });

  it('are found by npx in a clone, whatever Node the machine has', async () => {
    const child = spawn('npx', ['--no-install', 'flamepin', '--version'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: deadlineMs,
    });
    assert.match(await readText(child.stdout), /^\d+\.\d+\.\d+\n$/);
  });

  it('say on an older Node which version they need', async () => {
    const older =
      'data:text/javascript,Object.defineProperty(process, "versions", {value: {node: "20.19.0"}})';
    const { code, stdout, stderr } = await begin(['--help'], ['--import', older]).ended;
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^flamepin needs Node 24 or later/);
  });

  it('exit with 2 and a message on stderr when misused', async () => {
    const broken = await fileOf('broken.yaml', 'server: {prot: 8080}\nmode: sometimes\n');
    const results = await Promise.all([
      run('captrue'),
      run('capture'),
      run('capture', 'host://1', '--duration', '90s'),
      run('capture', 'host://1', '--event', 'heat'),
      run('doctor', '--config', broken),
      run('doctor', '--config', join(directory, 'nowhere.yaml')),
      run('serve', '--config', broken),
    ]);
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.ok(stderr.length > 10);
    }
    for (const part of ['server.prot', 'mode']) assert.match(results[4].stderr, new RegExp(part));
  });

  it('capture profiles a JVM by hand and writes what it found', async () => {
    const output = join(directory, 'found');
    const { code, stdout, stderr } = await run(
      ...['capture', `host://${shop.pid}`, '--duration', '2s', '--event', 'wall', '--output', output],
    );
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout.split('\n')[0] ?? '', /^wall: |\d+% of (?:request|the) time /);
    const [id = '', ...others] = await readdir(output);
    assert.deepEqual(others, []);
    const files = (await readdir(join(output, id))).sort();
    for (const name of [
      'flamegraph.html',
      'profile.json',
      'recording.jfr.gz',
      'summary.md',
      'wall.flamegraph.svg',
    ])
      assert.ok(files.includes(name), files.join(' '));
    for (const file of files) assert.ok(stdout.includes(join(output, id, file)), file);
    assert.match(await readFile(join(output, id, 'flamegraph.html'), 'utf8'), /com\.acme\.shop/);
    assert.deepEqual(leftOf(shop.pid, id), []);

    const recording = join(output, id, 'recording.jfr.gz');
    const collapsed = await run('render', recording, '--event', 'wall', '--format', 'collapsed');
    assert.equal(collapsed.code, 0, collapsed.stderr);
    assert.match(collapsed.stdout, /^[^\n]*com\/?\.?acme[^\n]* \d+$/m);
  });

  it('capture exits with 1 and a reason when there is no such JVM', async () => {
    const results = await Promise.all([
      run('capture', `host://${process.pid}`, '--duration', '1s'),
      run('capture', 'host://4000000', '--duration', '1s'),
    ]);
    for (const { code, stdout, stderr } of results) {
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^(This is not a JVM|There is no such target)\..*jcmd -l/s);
    }
    const engine = await run('capture', 'docker://nope/x');
    assert.equal(engine.code, 2);
    assert.match(engine.stderr, /no engine is called nope/);
    const nonsense = await run('capture', 'gopher://x');
    assert.equal(nonsense.code, 2);
    assert.match(nonsense.stderr, /Write host:\/\/\[pid\], kubernetes:/);
    for (const wrong of [
      'ssh://-oProxyCommand=x/1',
      'ssh://a b',
      'host://x',
      'docker://',
      'kubernetes://pod',
    ]) {
      const { code, stderr } = await run('capture', wrong);
      assert.equal(code, 2, wrong);
      assert.match(stderr, new RegExp(`Write ${wrong.split(':')[0] ?? ''}://`));
    }
  });

  it('explain --offline shows what would be done for each alert, asks nobody and needs no secret', async () => {
    const configuration = await fileOf(
      'explain.yaml',
      `routes: [{matchers: ['alertname="HighLatency"'], target: {host: {}}}]
ledger: {sqlite: {path: ${join(directory, 'never-made.db')}}}
grafana: {url: "http://127.0.0.1:9", tokenFile: /nowhere/at/all}
`,
    );
    const notification = await fileOf('alert.json', notificationOf('f1', { instance: 'localhost:8080' }));
    const { code, stdout, stderr } = await run(
      'explain',
      '--offline',
      notification,
      '--config',
      configuration,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}outcome {6,}queued$/m);
    assert.match(stdout, /shop \/ 2/);
    assert.match(stdout, /^ {2}command {6,}read \/proc/m);
    assert.match(stdout, /^ {2}command {6,}sh -c start\.sh flamepin CAPTURE 30 PID /m);
    assert.match(stdout, /^ {2}command {6,}sh -c clean-up\.sh flamepin /m);
    const asJson = await run('explain', '--offline', notification, '--config', configuration, '--json');
    const told = z.array(z.looseObject({ commands: z.array(z.string()) })).parse(JSON.parse(asJson.stdout));
    assert.deepEqual(
      told.map(({ commands }) => commands.length),
      [4],
    );
    assert.ok(!(await readdir(directory)).includes('never-made.db'));
    assert.doesNotMatch(stdout, /sibling/);

    const beside = await fileOf(
      'beside.yaml',
      'routes: [{matchers: [], target: {kubernetes: {sibling: true}}}]',
    );
    const inCluster = await fileOf(
      'pod.json',
      notificationOf('f2', { namespace: 'shop', pod: 'web-1', container: 'app' }),
    );
    const besideIt = await run('explain', '--offline', inCluster, '--config', beside);
    assert.match(besideIt.stdout, /^ {2}command {6,}GET \/api\/v1\/namespaces\/shop\/pods\/web-1$/m);
    assert.match(besideIt.stdout, /^ {2}command {6,}exec shop\/web-1: sh -c start.sh flamepin CAPTURE/m);
    assert.match(besideIt.stdout, /^ {2}sibling {6,}a healthy pod of the same workload is profiled/m);

    const nonsense = await run(
      'explain',
      '--offline',
      await fileOf('nonsense.json', '{"a": 1}'),
      '--config',
      configuration,
    );
    assert.equal(nonsense.code, 1);
    assert.equal(nonsense.stdout, '');
    assert.equal((await run('explain', join(directory, 'missing.json'))).code, 1);
  });

  it('doctor passes on a sound configuration beside the running server, and fails with a remedy', async () => {
    const port = await freePort();
    const settings = (
      grafana: string,
    ): string => `server: {port: ${port}, publicUrl: "http://127.0.0.1:${port}"}
routes: [{matchers: [], target: {host: {}}}]
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'doctor.db')}}}
${grafana}`;
    const flamepin = await startFlamepin(directory, settings(''));
    try {
      const sound = await run('doctor', '--config', join(directory, 'flamepin.yaml'));
      assert.equal(sound.code, 0, sound.stdout + sound.stderr);
      for (const what of ['configuration', 'ledger', 'store', 'async-profiler', 'targets', 'public URL'])
        assert.match(sound.stdout, new RegExp(`^✓ ${what}`, 'm'));
    } finally {
      await flamepin.stop();
    }
    await writeFile(join(directory, 'token'), 'a-token-that-nobody-shows');
    const sick = await fileOf(
      'sick.yaml',
      settings(
        `grafana: {url: "http://127.0.0.1:${await freePort()}", tokenFile: ${join(directory, 'token')}}\n`,
      ),
    );
    const failing = await run('doctor', '--config', sick);
    assert.equal(failing.code, 1);
    assert.equal(failing.stderr, '');
    assert.match(failing.stdout, /^✗ public URL: .*\n {4}\S/m);
    assert.match(failing.stdout, /^✗ Grafana: .*\n {4}\S/m);
    assert.ok(!failing.stdout.includes('a-token-that-nobody-shows'));
    const asJson = await run('doctor', '--config', sick, '--json');
    assert.equal(asJson.code, 1);
    const lines = z.array(z.object({ what: z.string(), ok: z.boolean() })).parse(JSON.parse(asJson.stdout));
    assert.deepEqual(
      lines.filter(({ ok }) => !ok).map(({ what }) => what),
      ['public URL', 'Grafana'],
    );
  });

  it('release lists what is blocked, and unblocks it', async () => {
    const path = join(directory, 'release.db');
    const now = Date.now();
    const ledger = openSqliteLedger({ path });
    const decision = toCapture('f1', { id: captureId(now), deadlineAt: now + 60_000 });
    const { id } = await started(ledger, 'worker', decision, targetOn('n1', 'checkout', 'sha256:abc'), now);
    await ledger.recordHarm(id, 'the container was killed (OOMKilled)', now);
    await ledger.close();
    const configuration = await fileOf('release.yaml', `ledger: {sqlite: {path: ${path}}}\n`);

    const listed = await run('release', '--config', configuration);
    assert.equal(listed.code, 0, listed.stderr);
    assert.equal(listed.stdout.split('\t')[0], 'sha256:abc');
    assert.match(listed.stdout, /OOMKilled/);
    assert.equal((await run('release', 'sha256:other', '--config', configuration)).code, 1);
    const released = await run('release', 'sha256:abc', '--config', configuration);
    assert.equal(released.code, 0);
    assert.equal((await run('release', '--config', configuration)).stdout, '');
  });
});
