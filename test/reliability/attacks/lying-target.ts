import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanUpScript, collectScript, listScript, startScript } from '../../../src/profiler/script.ts';
import { hostExec } from '../../../src/targets/host/host-exec.ts';
import { fakeApiServer, success, exitStatus, type ServerSide } from '../../cluster/fake-apiserver.ts';
import { captureWhen, fireForCapture, isFinal, type CaptureJson } from '../../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../../setup/jvm.ts';
import { memoryLimit } from '../../setup/memory-limit.ts';
import { filesLeft } from '../target-traces.ts';
import { Findings, type AttackResult } from './attack.ts';
import { probeAcknowledgements, senderPatienceMs, startScene } from './scene.ts';

/** Which of flamepin's commands a target is asked to run. */
export type Step = 'list' | 'start' | 'collect' | 'clean up';

/**
 * What a lying pod does with a command: true when it has answered (or never will), false to answer honestly.
 * `truth` runs the command for real and gives its output.
 */
export type Lie = (step: Step, side: ServerSide, truth: () => Promise<Buffer>) => Promise<boolean>;

export interface LyingTarget {
  lie: Lie;
  /** By then the capture of the lying pod must have ended, milliseconds. */
  endsWithinMs: number;
  /** How much the process may grow meanwhile, MiB. */
  memoryMiB: number;
  /** Pods that lie at once, lying-0 and so on; default 1. */
  pods?: number;
  /** flamepin's control group may take so much, MiB; default: no limit. */
  limitMiB?: number;
  /** What must be true of each capture of a lying pod once it has ended; throws when it is not. */
  ended?: (capture: CaptureJson, pod: string) => void;
}

/** Another pod's capture must have ended by then: a window, a start, and what a busy machine adds. */
const honestMs = 90_000;
const honestPod = 'honest-0';

/**
 * A pod that lies beside one that does not, both with a real JVM: behind an API server of the test's own, commands are
 * run for real on this machine, and what the lying pod answers is changed on its way.
 */
export async function beside({ lie, endsWithinMs, memoryMiB, ...more }: LyingTarget): Promise<AttackResult> {
  const findings = new Findings();
  const lyingPods = Array.from({ length: more.pods ?? 1 }, (_, index) => `lying-${index}`);
  const pods = [...lyingPods, honestPod];
  await using closing = new AsyncDisposableStack();
  const burner = compileBurner();
  closing.defer(burner.remove);
  const marks = pods.map((pod) => `-Dflamepin.hostile=${process.pid}.${Math.random()}.${pod}`);
  const jvms = await Promise.all(
    marks.map((mark) => startBurner(burner.classes, { flags: [mark], args: ['10'] })),
  );
  for (const jvm of jvms) closing.defer(() => jvm.stop('SIGKILL'));
  const server = await fakeApiServer({
    request: ({ url }, response) => {
      const pod = pods.find((name) => url === `/api/v1/namespaces/shop/pods/${name}`);
      if (pod === undefined) response.writeHead(404).end('{}');
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(podNamed(pod)));
    },
    exec: (side) =>
      answer(side, side.asked.pod === honestPod ? () => Promise.resolve(false) : lie).catch(
        (error: unknown) => {
          findings.must(false, String(error));
          side.socket.terminate();
        },
      ),
  });
  closing.use(server);
  const group = more.limitMiB === undefined ? null : closing.use(await memoryLimit(more.limitMiB * 2 ** 20));
  const configuration = async (directory: string): Promise<string> => {
    await writeFile(join(directory, 'kubeconfig'), kubeconfig(server.access.server));
    return `server: {port: 0}
targets: {kubernetes: {kubeconfig: ${join(directory, 'kubeconfig')}}}
limits: {total: 20, perNode: 4}
routes:
${pods.map((pod, index) => `  - {matchers: ['pod="${pod}"'], event: cpu, cooldown: 0s, target: {kubernetes: {process: "${marks[index]}"}}}`).join('\n')}
`;
  };
  await using scene = await startScene(configuration, group?.prefix);
  const { flamepin } = scene;
  const ids: string[] = [];
  closing.defer(() => {
    removeLeft(
      jvms.map(({ pid }) => pid),
      ids,
    );
  });
  const fire = async (pod: string, fingerprint: string): Promise<string> => {
    const id = await fireForCapture(flamepin, fingerprint, { namespace: 'shop', pod, container: 'app' });
    ids.push(id);
    return id;
  };

  const probe = probeAcknowledgements(flamepin);
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const ended = async (id: string, what: string, ms: number, lied = ''): Promise<string> => {
    const capture = await captureWhen(flamepin, id, 'the end', ms, isFinal).catch(() => undefined);
    const last = flamepin.log.findLast(({ captureId }) => captureId === id);
    findings.must(
      capture !== undefined,
      `${what}: no end within ${ms / 1000} s; ${JSON.stringify(last).slice(0, 300)}`,
    );
    findings.note(
      `${what} ${capture?.state ?? 'open'} ${capture?.reason?.code ?? ''}`.trim() + ` after ${seconds()}`,
    );
    if (capture !== undefined && lied !== '') {
      try {
        more.ended?.(capture, lied);
      } catch (error) {
        findings.must(false, `${what}: ${String(error)}`);
      }
    }
    return capture?.state ?? 'open';
  };
  const lying = await Promise.all(lyingPods.map((pod) => fire(pod, pod)));
  const honest = await fire(honestPod, 'honest');
  const [beside] = await Promise.all([
    ended(honest, 'another pod', Math.max(honestMs, endsWithinMs)),
    ...lying.map((id, index) => ended(id, 'it', endsWithinMs, lyingPods[index])),
  ]);
  findings.must(beside === 'done', `the pod beside it is ${beside}`);
  if (beside === 'done') {
    const later = await ended(await fire(honestPod, 'later'), 'the next capture', honestMs);
    findings.must(later === 'done', `the next capture is ${later}`);
  }
  const { answered, refused, slowest } = await probe.stop();
  findings.must(refused === 0, `${refused} of ${answered + refused} notifications were not acknowledged`);
  findings.atMost('slowest acknowledgement', slowest, senderPatienceMs, 'ms');
  findings.atMost('memory +', scene.memoryGrowth(), memoryMiB, 'MiB');
  if (group !== null) {
    const killed = await group.kills();
    findings.note(`${killed} ended by the kernel under ${more.limitMiB} MiB`);
    findings.must(killed === 0, `the kernel ended ${killed} processes under ${more.limitMiB} MiB`);
  }
  for (const path of ['/captures', '/readyz']) {
    const response = await fetch(flamepin.url + path, { headers: { Accept: 'application/json' } });
    findings.must(response.status === 200, `${path} answers ${response.status}`);
  }
  return findings.result();
}

async function answer(side: ServerSide, lie: Lie): Promise<void> {
  const { command, stdin } = side.asked;
  const step = stepOf(command);
  const truth = async (): Promise<Buffer> => {
    if (stdin) side.stdout('asks=stdin\n');
    const [program = 'sh', ...values] = command;
    const { exitCode, stdout } = await hostExec().run({
      argv: [program, ...values],
      ...(stdin && { stdin: await side.stdin() }),
      deadlineMs: 120_000,
      maxOutputBytes: 100 * 2 ** 20,
    });
    if (exitCode !== 0) side.status(exitStatus(exitCode));
    return stdout;
  };
  if (await lie(step, side, truth)) return;
  side.stdout(await truth());
  side.status(success);
}

/** Which script, and what of it. Throws for a command that is none of flamepin's: the stand-in is strict. */
function stepOf(command: readonly string[]): Step {
  const [shell, flag, text] = command;
  if (shell === 'sh' && flag === '-c') {
    if (text === listScript.text) return 'list';
    if (text === startScript.text) return 'start';
    if (text === collectScript.text) return 'collect';
    if (text === cleanUpScript.text) return 'clean up';
  }
  throw new Error(`not a command of flamepin: ${command.join(' ').slice(0, 200)}`);
}

function podNamed(name: string): unknown {
  return {
    metadata: { name, namespace: 'shop', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { nodeName: `node-of-${name}`, containers: [{ name: 'app', image: 'app' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'app',
          ready: true,
          containerID: `containerd://${name}`,
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        },
      ],
    },
  };
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token: 'test' } }],
  });
}

/** A target that lies may keep our files; they are taken away when its JVM is. */
function removeLeft(pids: readonly number[], ids: readonly string[]): void {
  for (const file of filesLeft(pids, new Set(ids))) rmSync(file, { recursive: true, force: true });
}
