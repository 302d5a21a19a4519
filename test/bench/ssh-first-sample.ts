import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFlamepin } from '../../demo/flamepin.ts';
import { builtPackage } from '../setup/built-package.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { sshUsers, startSshServer } from '../setup/sshd.ts';
import { compareFirstSamples, firstSampleMs } from './first-sample-rounds.ts';
import { askedPairs } from './measure.ts';
import { asprofDirectory } from './windows.ts';

/**
 * From the alert to a profiler that runs on a host with a real sshd: flamepin from the POST on, against the runbook
 * (`scp`, `ssh`) as a script without human pauses. Fresh: all connections are cut before each round, so that both log in;
 * warm: both have a connection that they share. Each JVM was never profiled before. Both ends are the moment at which
 * asprof returns there.
 */
const rounds = askedPairs(20);
const windowSeconds = 15;
const run = promisify(execFile);

const [, bin] = await builtPackage();
await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const profiler = await asprofDirectory();
const server = await startSshServer();
cleanup.defer(() => server.stop());
const burner = compileBurner();
cleanup.defer(burner.remove);

const mark = randomUUID();
type Connection = 'fresh' | 'warm';
const markOf = (who: 'ours' | 'theirs', connection: Connection, round: number): string =>
  `-Dbench.mark=${mark}-${who}-${connection}-${round}.`;

const routes = (['fresh', 'warm'] as const).flatMap((connection) =>
  // One more, to log in before the warm rounds.
  Array.from(
    { length: rounds + 1 },
    (_, round) =>
      `  - {matchers: ['round="${connection}-${round}"'], duration: ${windowSeconds}s, cooldown: 0, event: cpu, target: {ssh: {process: "${markOf('ours', connection, round)}"}}}`,
  ),
);
await writeFile(
  join(directory, 'hosts.json'),
  JSON.stringify([{ targets: ['bench'], labels: { __meta_ssh: `flamepin@127.0.0.1:${server.port}` } }]),
);
const flamepin = await startFlamepin(
  directory,
  `server: {port: 0}
limits: {total: 200, perNode: 200}
routes:
${routes.join('\n')}
targets: {ssh: {identityFile: ${server.identityFile}, knownHostsFile: ${server.knownHostsFile}, inventory: [{fileSd: {files: [hosts.json]}}]}}
storage: {filesystem: {directory: ./artifacts}}
ledger: {sqlite: {path: ./flamepin.db}}
`,
  { ...process.env, TMPDIR: directory },
  [],
  bin,
);
cleanup.defer(() => flamepin.stop());

/** A person's configuration; `sharing`: with the connection that OpenSSH keeps. */
async function configurationOf(connection: Connection): Promise<string> {
  const file = join(directory, `ssh-config-${connection}`);
  const sharing = `  ControlMaster auto\n  ControlPersist 10m\n  ControlPath ${join(directory, 'runbook')}\n`;
  await writeFile(
    file,
    `Host bench\n  HostName 127.0.0.1\n  Port ${server.port}\n  User flamepin\n  IdentityFile ${server.identityFile}\n  UserKnownHostsFile ${server.knownHostsFile}\n${connection === 'warm' ? sharing : ''}`,
  );
  return file;
}
const configurations = { fresh: await configurationOf('fresh'), warm: await configurationOf('warm') };

async function startJvm(flag: string): Promise<Jvm> {
  const id = sshUsers.flamepin;
  const prefix = [...server.inside, 'setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
  const jvm = await startBurner(burner.classes, {
    prefix,
    flags: ['-XX:+UseSerialGC', flag],
    args: ['1'],
  });
  cleanup.defer(() => jvm.stop('SIGKILL'));
  return jvm;
}

async function byRunbook(connection: Connection, round: number): Promise<number> {
  const began = Date.now();
  const word = `${mark.slice(0, 8)}-${connection}-${round}`;
  cleanup.defer(() => rm(`/tmp/profiler-${word}`, { recursive: true, force: true }));
  const { stdout } = await run(
    'sh',
    [
      join(import.meta.dirname, 'ssh-runbook.sh'),
      configurations[connection],
      markOf('theirs', connection, round),
      profiler,
      String(windowSeconds),
      word,
    ],
    { timeout: 60_000 },
  );
  return Number(stdout) / 1e6 - began;
}

const byFlamepin = (connection: Connection, round: number): Promise<number> =>
  firstSampleMs(flamepin, `${connection}-${round}`, {
    nodename: 'bench',
    round: `${connection}-${round}`,
  });

const compare = (connection: Connection): Promise<void> =>
  compareFirstSamples(
    `Alert → first sample over SSH, ${connection} connection`,
    rounds,
    async (round) => {
      await startJvm(markOf('ours', connection, round));
      await startJvm(markOf('theirs', connection, round));
    },
    [
      {
        name: 'flamepin, from the POST',
        measure: (round) => {
          if (connection === 'fresh') server.cut();
          return byFlamepin(connection, round);
        },
      },
      { name: 'runbook with scp and ssh', measure: (round) => byRunbook(connection, round) },
    ],
  );

await compare('fresh');
// Both log in once.
await startJvm(markOf('ours', 'warm', rounds));
await byFlamepin('warm', rounds);
await run('ssh', ['-F', configurations.warm, 'bench', 'true'], { timeout: 60_000 });
cleanup.defer(() => run('ssh', ['-F', configurations.warm, '-O', 'exit', 'bench']).then(() => undefined));
await compare('warm');
