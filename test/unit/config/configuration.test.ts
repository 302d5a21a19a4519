import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, mock } from 'node:test';
import { parse } from 'yaml';
import { fillLink } from '../../../src/config/link-template.ts';
import { loadConfiguration } from '../../../src/config/load.ts';
import { ConfigurationError } from '../../../src/config/problems.ts';
import { settingsSchema } from '../../../src/config/schema.ts';
import { currentCredentials } from '../../../src/config/sources.ts';

const directory = mkdtempSync(join(tmpdir(), 'flamepin-config-'));
after(() => {
  rmSync(directory, { recursive: true, force: true });
});
let files = 0;
function file(text: string): string {
  const path = join(directory, String((files += 1)));
  writeFileSync(path, text);
  return path;
}

const load = (yaml: string, environment: Record<string, string> = {}) =>
  loadConfiguration(file(yaml), { HOME: '/home/x', ...environment });
function problems(yaml: string, environment: Record<string, string> = {}): string[] {
  try {
    load(yaml, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    assert.equal(error.exitCode, 2);
    for (const { remedy } of error.problems) assert.notEqual(remedy, '', error.message);
    return error.problems.map(({ path, what }) => `${path}: ${what}`);
  }
  return [];
}

describe('without a file', () => {
  it('flamepin listens on loopback, with SQLite and files under ./data, and profiles this machine', () => {
    const { server, ledger, storage, routes, sources, targetKinds, mode } = loadConfiguration(undefined, {});
    assert.deepEqual(server, { host: '127.0.0.1', port: 8080 });
    assert.deepEqual(ledger, { kind: 'sqlite', path: './data/flamepin.db' });
    assert.deepEqual(storage, { kind: 'filesystem', directory: './data/artifacts' });
    assert.deepEqual([routes.length, targetKinds, mode], [1, ['host'], 'capture']);
    assert.deepEqual(
      sources.map(({ name, sender }) => [name, sender]),
      [
        ['alertmanager', 'alertmanager'],
        ['grafana', 'grafana'],
      ],
    );
  });
});

describe('a configuration file', () => {
  it('may be empty: everything has a default, and nothing is routed', () => {
    const { routes, warnings } = load('# nothing\n');
    assert.deepEqual(routes, []);
    assert.match(warnings.join(), /unrouted/);
  });

  it('the documented example is valid and shows every key', () => {
    const path = new URL('../../../docs/flamepin.example.yaml', import.meta.url);
    const text = readFileSync(path, 'utf8');
    const settings = settingsSchema.parse(parse(text));
    assert.equal(settings.routes.length, 2);
    assert.equal(settings.limits.maxRecordingBytes, 64 * 1024 ** 2);
    // The schema lists its keys in its refusals: each of them must stand in the example.
    const refusal = settingsSchema.safeParse({
      odd: 1,
      ...Object.fromEntries(
        [
          'server',
          'limits',
          'access',
          'retention',
          'baselines',
          'profiler',
          'log',
          'grafana',
          'prometheus',
        ].map((key) => [key, { odd: 1 }]),
      ),
      targets: { kubernetes: { odd: 1, ephemeral: { odd: 1 } }, docker: { odd: 1 }, ssh: { odd: 1 } },
      storage: { s3: { odd: 1 } },
      routes: [{ odd: 1 }],
      sources: { grafana: { odd: 1 } },
    });
    const known = (refusal.error?.issues ?? [])
      .filter(({ code }) => code === 'unrecognized_keys')
      .flatMap(({ message }) => message.replace('Known here: ', '').replace(/\.$/, '').split(', '));
    assert.ok(known.length > 70, String(known.length));
    assert.deepEqual(
      known.filter((key) => !new RegExp(`\\b${key}:`).test(text)),
      [],
    );
  });

  it('may set the tags of objects, or none, where S3 supports them', () => {
    const tagsOf = (tags: string) => {
      const { storage } = load(`storage: {s3: {bucket: profiles, tags: ${tags}}}`);
      return storage.kind === 's3' ? storage.tags : undefined;
    };
    assert.deepEqual(tagsOf('{team: platform}'), { team: 'platform' });
    assert.equal(tagsOf('false'), false);
    for (const [wrong, what] of [
      ['5', 'not valid'],
      ['{team: 7}', 'not valid'],
      ['{a: b, c: d, e: f, g: h, i: j, k: l, m: n, o: p}', 'too many tags'],
    ] as const)
      assert.deepEqual(problems(`storage: {s3: {bucket: profiles, tags: ${wrong}}}`), [
        `storage.s3.tags: ${what}`,
      ]);
  });

  it('is read with its units', () => {
    const { routes, limits } = load(
      `routes: [{matchers: ['a="b"'], duration: 45s, cooldown: 1h30m, target: {kubernetes: }}]
limits: {deadline: 90s, maxRecordingBytes: 2MiB, maxNotificationBytes: 4096}`,
    );
    assert.deepEqual(
      [
        routes[0]?.duration,
        routes[0]?.cooldown,
        limits.deadline,
        limits.maxRecordingBytes,
        limits.maxNotificationBytes,
      ],
      [45_000, 5_400_000, 90_000, 2_097_152, 4096],
    );
  });

  it('lists every problem with its place', () => {
    assert.deepEqual(
      problems(`
mode: capure
server: {port: "80", publicUrl: flamepin.example.com}
routes:
  - {matchers: ['a="b"', 'a=~"("'], durration: 30s, duration: 5s, target: {}}
  - {target: {docker: , host: {process: "["}}}
limits: {queue: 0, total: lots, deadline: 30, maxRecordingBytes: 3TB}
storage: {s3: {bucket: abc}, filesystem: }
baselines: {schedule: hourly}
links: [{name: P, url: "https://p.example.com/{pot}"}]
secret: x
`).toSorted(),
      [
        'baselines.schedule: not a schedule',
        'limits.deadline: not a duration',
        'limits.maxRecordingBytes: not a size in range',
        'limits.queue: too small',
        'limits.total: this is the string "lots"',
        'links[0].url: unknown placeholder {pot}',
        'mode: this is the string "capure"',
        'routes[0].duration: out of range',
        'routes[0].durration: unknown key',
        'routes[0].matchers[1]: not a matcher: not an RE2 regular expression: error parsing regexp: missing closing ): `(` (at character 1)',
        'routes[0].target: no kind of target',
        'routes[1].matchers: missing',
        'routes[1].target.host.process: not an RE2 regular expression: error parsing regexp: missing closing ]: `[`',
        'secret: unknown key',
        'server.port: this is the string "80"',
        'server.publicUrl: not a usable URL',
        'storage: both s3 and filesystem are set',
      ],
    );
  });

  it('suggests the key that was probably meant', () => {
    assert.throws(
      () => load('routes: [{matchers: [], durration: 30s, target: {host: {}}}]'),
      /routes\[0\]\.durration: unknown key\. Known here: duration,/,
    );
  });

  it('that is not YAML, or missing, says where', () => {
    assert.match(problems('mode: [').join(), /line 1, column \d+: not YAML/);
    assert.match(problems('mode: capture\nmode: observe').join(), /line 2/);
    assert.throws(() => loadConfiguration(join(directory, 'none.yaml'), {}), ConfigurationError);
    assert.match(problems('- a list').join(), /a list/);
  });

  it('allows windows of 15s to 60s only', () => {
    const route = (duration: string) => `routes: [{matchers: [], duration: ${duration}, target: {host: {}}}]`;
    for (const good of ['15s', '60s', '1m', '59s']) assert.deepEqual(problems(route(good)), [], good);
    for (const bad of ['14s', '61s', '2m', '30', '30500ms', '-30s', '""'])
      assert.equal(problems(route(bad)).length, 1, bad);
  });

  it('takes one setting for each kind of target', () => {
    const { targets, targetKinds } = load(
      `targets: {kubernetes: {cluster: eu}}
routes: [{matchers: [], target: {kubernetes: {cluster: eu, protectOnlyReplica: true, process: a}}}, {matchers: [], target: {kubernetes: {process: b}}}]`,
    );
    assert.deepEqual(targetKinds, ['kubernetes']);
    assert.deepEqual(
      [targets.kubernetes.cluster, targets.kubernetes.protectOnlyReplica, targets.docker.engines],
      ['eu', true, { local: { socket: '/var/run/docker.sock' } }],
    );
    assert.deepEqual(
      problems(
        'routes: [{matchers: [], target: {kubernetes: {context: a}}}, {matchers: [], target: {kubernetes: {context: b}}}]',
      ),
      ['routes[1].target.kubernetes.context: differs from routes[0].target.kubernetes.context'],
    );
  });

  it('takes siblings from the route, else from all Kubernetes targets; baselines have none', () => {
    const { targets, routes } = load(
      `targets: {kubernetes: {sibling: true}}
routes: [{matchers: ['a="b"'], target: {kubernetes: {sibling: false}}}, {matchers: [], target: {kubernetes: {}}}]`,
    );
    assert.equal(targets.kubernetes.sibling, true);
    assert.deepEqual(
      routes.map(({ target }) => target.sibling),
      [false, null],
    );
    assert.equal(load('targets: {kubernetes: {}}').targets.kubernetes.sibling, false);
    assert.match(
      problems('baselines: {workloads: [{labels: {a: b}, target: {kubernetes: {sibling: true}}}]}').join(),
      /^baselines\.workloads\[0\]\.target\.kubernetes\.sibling: /,
    );
    assert.match(
      problems('routes: [{matchers: [], target: {host: {sibling: true}}}]').join(),
      /target\.host\.sibling: /,
    );
  });

  it('takes a systemd unit on a route to a host, with labels of the alert in braces', () => {
    const route = (unit: string) => `routes: [{matchers: [], target: {ssh: {unit: "${unit}"}}}]`;
    const { target } = load(route('shop@{tenant}.service')).routes[0] ?? {};
    assert.deepEqual(target?.fixed, { unit: 'shop@{tenant}.service' });
    assert.deepEqual(problems(route('a b')), ['routes[0].target.ssh.unit: cannot be a systemd unit']);
    assert.match(problems('targets: {host: {unit: shop}}').join(), /targets\.host\.unit: unknown key/);
  });

  it('refuses what ssh could take for an option, or cannot read', () => {
    assert.deepEqual(
      problems(`targets: {ssh: {user: "-oProxyCommand=x", identityFile: "a b", hosts: ["("]}}`)
        .map((problem) => problem.split(':')[0])
        .toSorted(),
      ['targets.ssh.hosts[0]', 'targets.ssh.identityFile', 'targets.ssh.user'],
    );
  });
});

describe('secrets', () => {
  it('come from files or from variables named after the key, never from both', () => {
    const path = file('from-file\n');
    const yaml = `grafana: {url: "https://g.example.com", tokenFile: ${path}}`;
    assert.equal(load(yaml).secrets.grafanaToken?.read(), 'from-file');
    assert.deepEqual(problems(yaml, { FLAMEPIN_GRAFANA_TOKEN: 'x' }), [
      'grafana.tokenFile: FLAMEPIN_GRAFANA_TOKEN is set as well',
    ]);
    const { secrets } = load('{}', { FLAMEPIN_ACCESS_CAPTURES_TOKEN: 'by-hand' });
    assert.equal(secrets.capturesToken?.read(), 'by-hand');
    assert.equal(secrets.recordingsToken, null);
  });

  it('that are missing, unreadable or empty are problems, all at once', () => {
    const list = problems(
      `grafana: {url: "https://g.example.com"}
access: {recordingsTokenFile: ${join(directory, 'none')}, capturesTokenFile: ${file(' \n')}}
sources: {grafana: {basic: {username: g}}}`,
    );
    assert.deepEqual(list.map((line) => line.split(':')[0]).toSorted(), [
      'access.capturesTokenFile',
      'access.recordingsTokenFile',
      'grafana.tokenFile',
      'sources.grafana.basic.passwordFile',
    ]);
  });

  it('are not read by commands that only explain', () => {
    const path = file(
      'server: {host: 0.0.0.0}\nsources: {grafana: {hmacSecretFile: /run/none}}\ngrafana: {url: "https://g.example.com", tokenFile: /run/none}',
    );
    const { secrets, sources } = loadConfiguration(path, {}, { secrets: [] });
    assert.deepEqual([secrets.grafanaToken, sources], [null, []]);
    const example = new URL('../../../docs/flamepin.example.yaml', import.meta.url).pathname;
    assert.equal(loadConfiguration(example, {}, { secrets: [] }).routes.length, 2);
  });

  it('are never repeated in a problem', () => {
    assert.doesNotMatch(
      problems(
        'access: {recordingsToken: correct-horse-battery}\nlog: {level: correct-horse-battery}',
      ).join(),
      /horse/,
    );
  });

  it('are read again when their file changes, and kept while it is gone', () => {
    const path = file('first');
    const { secrets } = load(`access: {capturesTokenFile: ${path}}`);
    const token = secrets.capturesToken;
    assert.equal(token?.read(), 'first');
    const clock = mock.method(performance, 'now', () => 1e12);
    try {
      writeFileSync(path, 'second one\n');
      assert.equal(token.read(), 'second one');
      clock.mock.mockImplementation(() => 2e12);
      rmSync(path);
      assert.equal(token.read(), 'second one');
    } finally {
      clock.mock.restore();
    }
  });
});

describe('sources', () => {
  it('need a secret beyond loopback, each of them', () => {
    assert.deepEqual(problems('server: {host: 0.0.0.0}'), [
      'sources.alertmanager: no secret, but flamepin would listen on 0.0.0.0',
      'sources.grafana: no secret, but flamepin would listen on 0.0.0.0',
    ]);
    assert.deepEqual(
      problems('server: {host: "::"}\nsources: {alertmanager: }', {
        FLAMEPIN_SOURCES_ALERTMANAGER_BEARER_TOKEN: 't',
      }),
      [],
    );
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
      assert.deepEqual(problems(`server: {host: "${host}"}`), [], host);
  });

  it('may be several with any name, when each says who sends', () => {
    const { sources } = load(
      `sources: {prod: {sender: alertmanager, basic: {username: am, passwordFile: ${file('p')}}}, grafana: {hmacSecretFile: ${file('s')}, timestampHeader: X-Time, maximumSkew: 1m}}`,
    );
    assert.deepEqual(sources.map(currentCredentials), [
      { name: 'prod', bearerToken: null, basic: { username: 'am', password: 'p' }, signature: null },
      {
        name: 'grafana',
        bearerToken: null,
        basic: null,
        signature: {
          secret: 's',
          header: 'X-Grafana-Alerting-Signature',
          timestampHeader: 'X-Time',
          maximumSkewMs: 60_000,
        },
      },
    ]);
    assert.deepEqual(problems('sources: {prod: {}}'), ['sources.prod.sender: missing']);
    assert.equal(problems('sources: {"Prod!": {sender: grafana}}').length, 1);
  });

  it('of Prometheus may be a password with headers, but not a token besides', () => {
    const { prometheus, secrets } = load(
      `prometheus: {url: "http://p", basic: {username: u, passwordFile: ${file('p')}}, headers: {X-Scope-OrgID: shop}}`,
    );
    assert.deepEqual(prometheus?.headers, { 'X-Scope-OrgID': 'shop' });
    assert.equal(secrets.prometheusPassword?.read(), 'p');
    assert.deepEqual(
      problems('prometheus: {url: "http://p", bearerTokenFile: a, basic: {username: u, passwordFile: b}}'),
      ['prometheus.basic: both a bearer token and a password are set'],
    );
    assert.equal(problems('prometheus: {url: "http://p", headers: {Authorization: x}}').length, 1);
  });

  it('cannot ask for two Authorization headers', () => {
    assert.deepEqual(
      problems('sources: {grafana: {bearerTokenFile: a, basic: {username: g, passwordFile: b}}}'),
      ['sources.grafana.basic: both a bearer token and a password are set'],
    );
  });
});

it('a link to a continuous profiler encodes what alerts say', () => {
  const template = { name: 'P', url: 'https://p.example.com/?q={workload}&from={fromSeconds}' };
  assert.equal(
    fillLink(template, { workload: 'a"&b/ü', fromSeconds: '7' }),
    'https://p.example.com/?q=a%22%26b%2F%C3%BC&from=7',
  );
});
