import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { builtImage } from '../setup/docker-image.ts';
import { jvmContainer, startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { waitFor } from '../setup/process.ts';

const run = promisify(execFile);
const windowSeconds = 15;
/** Scrapes, a window, a start and what a busy machine adds. */
const patienceMs = 180_000;
const token = 'compose-secret';
const listSchema = z.object({ captures: z.array(z.looseObject({ id: z.string(), state: z.string() })) });
const captureSchema = z.looseObject({
  state: z.string(),
  headline: z.string().nullable(),
  target: z.looseObject({ uri: z.string(), name: z.string() }).nullable(),
});

/** As an operator has it: one Compose project, nothing of flamepin's outside its container. */
describe('an alert about a service of Compose, with flamepin in its own container', () => {
  let directory = '';
  let engine: ContainerEngine;
  const closing = new AsyncDisposableStack();
  const compose = (...args: string[]): Promise<unknown> =>
    run('docker-compose', ['-H', `unix://${engine.socket}`, '-p', 'shop', ...args], {
      cwd: directory,
      timeout: 300_000,
    });

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-compose-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    await chmod(directory, 0o755);
    const { archive } = await builtImage();
    engine = await startEngine('docker', { largeImages: true });
    closing.defer(() => engine.stop());
    await engine.docker('load', '--input', archive);
    const jvm = jvmContainer();
    closing.defer(jvm.remove);
    await writeProject(directory, engine.socket, jvm);
    closing.defer(async () => {
      await compose('down', '--volumes', '--timeout', '1');
    });
    await compose('up', '--detach');
  });
  after(() => closing.disposeAsync());

  /** From inside the engine's network, where the containers have their addresses. */
  const get = async (path: string, accept = 'application/json'): Promise<string> => {
    const address = await engine.docker(
      ...[
        'inspect',
        '--format',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        'shop_flamepin_1',
      ],
    );
    const { stdout } = await run('nsenter', [
      `--net=/run/netns/${engine.namespace}`,
      ...['curl', '--silent', '--fail', '--max-time', '10', '--header', `Accept: ${accept}`],
      `http://${address}:8080${path}`,
    ]);
    return stdout;
  };
  let said = '';
  const listen = async (): Promise<void> => {
    const logs = ['flamepin', 'prometheus', 'alertmanager'].map(async (service) => {
      const { stdout, stderr } = await run('docker', [
        ...['-H', `unix://${engine.socket}`, 'logs', '--tail', '20', `shop_${service}_1`],
      ]);
      return stdout + stderr;
    });
    said = (await Promise.all(logs)).join('\n');
  };

  it('leads from cAdvisor’s labels to the picture of its JVM and the answer', async () => {
    // As cAdvisor would have it from the engine.
    const id = await engine.docker('inspect', '--format', '{{.Id}}', 'shop_checkout_1');
    const labels = [
      `container_label_com_docker_compose_project="shop",container_label_com_docker_compose_service="checkout"`,
      `id="/docker/${id}",image="shell:test",name="shop_checkout_1"`,
    ].join(',');
    await writeFile(join(directory, 'cadvisor', 'metrics'), `container_threads{${labels}} 20\n`);
    const capture = await waitFor(
      'a capture that is done',
      patienceMs,
      async () => {
        await listen();
        const list = await get('/captures').catch(() => undefined);
        if (list === undefined) return undefined;
        const [first] = listSchema.parse(JSON.parse(list)).captures;
        return first !== undefined && ['done', 'failed', 'skipped'].includes(first.state)
          ? first.id
          : undefined;
      },
      () => said,
    );
    const { state, headline, target } = captureSchema.parse(JSON.parse(await get(`/captures/${capture}`)));
    assert.equal(state, 'done', said);
    assert.equal(target?.uri, 'docker://local/shop_checkout_1');
    assert.match(headline ?? '', /Burner/);
    assert.match(await get(`/captures/${capture}/flamegraph.svg`, 'image/svg+xml'), /<svg[\s\S]*Burner/);
    const left = (await engine.docker('exec', 'shop_checkout_1', 'ls', '-A', '/tmp')).split('\n');
    assert.deepEqual(
      left.filter((name) => !name.startsWith('hsperfdata_') && !name.startsWith('.java_pid')),
      [],
    );
  });

  it('whose image can log in to hosts: it has an SSH client that runs as its user', async () => {
    const { stdout } = await run('docker', [
      ...['-H', `unix://${engine.socket}`, 'exec', 'shop_flamepin_1'],
      ...['ssh', '-G', '-o', 'User=ops', 'edge-1'],
    ]);
    assert.match(stdout, /^hostname edge-1$/m);
    assert.match(stdout, /^user ops$/m);
    await engine.docker('exec', 'shop_flamepin_1', 'ssh-keygen', '-F', 'edge-1', '-f', '/dev/null').then(
      () => assert.fail('found a key in an empty file'),
      (error: unknown) => assert.match(String(error), /exit code|Command failed/),
    );
  });
});

/** docker-compose.yml and what it mounts. */
async function writeProject(
  directory: string,
  socket: string,
  jvm: ReturnType<typeof jvmContainer>,
): Promise<void> {
  const machine = ['/usr/lib', '/lib', '/lib64'].filter((path) => existsSync(path));
  const mounted = machine.map((path) => `${path}:${path}:ro`);
  const service = (
    command: readonly string[],
    volumes: readonly string[],
    more: Readonly<Record<string, unknown>> = {},
  ) => ({ image: 'shell:test', ulimits: { nofile: 4096 }, command, volumes, ...more });
  const files: Record<string, unknown> = {
    'docker-compose.yml': {
      version: '2.4',
      services: {
        checkout: service(jvm.command, jvm.volumes),
        cadvisor: service(
          ['httpd', '-f', '-p', '8080', '-h', '/www'],
          [`${join(directory, 'cadvisor')}:/www:ro`],
        ),
        prometheus: service(
          [
            'prometheus',
            '--config.file=/etc/monitoring/prometheus.yml',
            '--storage.tsdb.path=/tmp/prometheus',
          ],
          [
            ...mounted,
            '/usr/bin/prometheus:/bin/prometheus:ro',
            `${directory}/monitoring:/etc/monitoring:ro`,
          ],
        ),
        alertmanager: service(
          [
            'alertmanager',
            '--config.file=/etc/monitoring/alertmanager.yml',
            '--storage.path=/tmp/alertmanager',
            '--cluster.listen-address=',
          ],
          [
            ...mounted,
            '/usr/bin/prometheus-alertmanager:/bin/alertmanager:ro',
            '/usr/share/prometheus:/usr/share/prometheus:ro',
            `${directory}/monitoring:/etc/monitoring:ro`,
          ],
        ),
        flamepin: {
          image: 'flamepin:local',
          group_add: [String(statSync(socket).gid)],
          volumes: [
            `${socket}:/var/run/docker.sock`,
            `${directory}/flamepin:/etc/flamepin:ro`,
            'data:/var/lib/flamepin',
          ],
        },
      },
      volumes: { data: {} },
    },
    'monitoring/prometheus.yml': {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      alerting: { alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'cadvisor', static_configs: [{ targets: ['cadvisor:8080'] }] }],
    },
    'monitoring/rules.yml': {
      groups: [{ name: 'shop', rules: [{ alert: 'ManyThreads', expr: 'container_threads{name!=""} > 10' }] }],
    },
    'monitoring/alertmanager.yml': {
      route: { receiver: 'flamepin', group_wait: '0s', group_interval: '1s' },
      receivers: [
        {
          name: 'flamepin',
          webhook_configs: [
            {
              url: 'http://flamepin:8080/webhooks/alertmanager',
              http_config: { authorization: { type: 'Bearer', credentials: token } },
            },
          ],
        },
      ],
    },
    'flamepin/flamepin.yaml': {
      server: { host: '0.0.0.0', port: 8080, publicUrl: 'http://flamepin:8080' },
      sources: { alertmanager: { bearerTokenFile: '/etc/flamepin/token' } },
      routes: [{ matchers: [], duration: `${windowSeconds}s`, event: 'cpu', target: { docker: {} } }],
      profiler: { directory: '/opt/flamepin' },
      storage: { filesystem: { directory: '/var/lib/flamepin/artifacts' } },
      ledger: { sqlite: { path: '/var/lib/flamepin/flamepin.db' } },
    },
  };
  for (const folder of ['cadvisor', 'monitoring', 'flamepin']) await mkdir(join(directory, folder));
  // JSON is YAML, too.
  for (const [name, content] of Object.entries(files))
    await writeFile(join(directory, name), JSON.stringify(content));
  await writeFile(join(directory, 'flamepin', 'token'), token);
  await writeFile(join(directory, 'cadvisor', 'metrics'), '');
}
