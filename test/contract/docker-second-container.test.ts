import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Target } from '../../src/captures/target.ts';
import { dockerTargets } from '../../src/targets/docker/docker.ts';
import { describeReason } from '../../src/reasons/failure.ts';
import { imageRoot, startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { waitFor } from '../setup/process.ts';
import { execContract } from './exec.ts';
import { failsWith, profiler, toolsDirectory, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();
const agentImage = 'flamepin-agent:test';

for (const kind of ['docker', 'podman'] as const)
  describe(`a container of ${kind} without a shell`, () => {
    let engine: ContainerEngine;
    before(async () => {
      engine = await startEngine(kind);
      engine.import(imageRoot('--agent', toolsDirectory()), agentImage);
    });
    const closing = new AsyncDisposableStack();
    after(async () => {
      await engine.stop();
      await closing.disposeAsync();
    });

    /** As a flamepin that has just started has them. */
    const targets = (image: string | null = agentImage) =>
      dockerTargets({
        engines: [{ name: 'local', socket: engine.socket }],
        requireOptIn: false,
        secondContainer: image === null ? undefined : { image },
      });
    const shop = async (name: string, options: string[] = ['--user', '1000:1000']): Promise<Target> => {
      await engine.runJvm(name, { image: 'no-shell', options });
      return targets().resolve(
        { labels: { name }, startsAt: '2030-01-01T00:00:00Z', generatorUrl: '' },
        signal,
      );
    };
    const request = (id = captureId(Date.now())) => ({
      captureId: id,
      durationSeconds: 2,
      process: null,
      pid: null,
    });
    /** Containers but the ones that the test has started, and volumes. */
    const added = async (): Promise<string[]> =>
      [
        await engine.docker('ps', '--all', '--filter', 'name=flamepin-', '--format', '{{.Names}}'),
        await engine.docker('volume', 'ls', '--quiet'),
      ].flatMap((text) => text.split('\n').filter((line) => line !== ''));

    for (const [who, options] of [
      ['of a user of its own', ['--user', '1000:1000']],
      ['of root', []],
      ['of root, without any capability', ['--cap-drop', 'ALL']],
      ['with a read-only root', ['--user', '1000:1000', '--read-only', '--tmpfs', '/tmp']],
    ] as const)
      it(`is profiled from a second one beside it, which is removed afterwards: ${who}`, async () => {
        const name = who.replaceAll(/[ ,]+/g, '-');
        const target = await shop(name, [...options]);
        const exec = targets().open(target);
        const { session } = await unlessSlow(() => profiler().start(exec, request(), signal));
        assert.match(session.place ?? '', /^flamepin-[0-9a-f]{12}-[0-9a-f]{8}$/);
        const collected = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
        assert.equal(collected.partial, false);
        assert.ok(collected.recording.length > 2_000);
        assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
        await exec.leave?.();
        assert.deepEqual(await added(), []);
        assert.deepEqual(await targets().health(target, session, signal), { alive: true });
        await engine.docker('rm', '--force', name);
      });

    it('is given a second one with no rights of its own: no network, no capability, nothing writable but its /tmp', async () => {
      const target = await shop('rights');
      const exec = targets().open(target);
      const script =
        'id -u; id -g; grep -E "^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs)" /proc/self/status; ls /sys/class/net';
      const request = {
        argv: ['sh', '-c', `${script}; touch /x /bin/x; touch /tmp/x`] as ['sh', ...string[]],
      };
      const { exitCode, stdout } = await exec.run({ ...request, deadlineMs: 30_000, maxOutputBytes: 10_000 });
      const none = '0'.repeat(16);
      assert.deepEqual(stdout.toString().trim().split(/\s+/), [
        ...['1000', '1000', 'CapPrm:', none, 'CapEff:', none, 'CapBnd:', none, 'CapAmb:', none],
        ...['NoNewPrivs:', '1', 'lo'],
      ]);
      assert.equal(exitCode, 0);
      assert.match(await engine.docker('inspect', exec.place ?? ''), /"ReadonlyRootfs": true/);
      await exec.leave?.();
      await engine.docker('rm', '--force', 'rights');
    });

    it('is refused unless it was opted in, with the remedy', async () => {
      const target = await shop('not-asked');
      const exec = targets(null).open(target);
      const { code } = await failsWith('no-shell', profiler().start(exec, request(), signal));
      assert.match(describeReason({ code, detail: '' }).remedy, /targets\.docker\.secondContainer/);
      assert.deepEqual(await added(), []);
      await engine.docker('rm', '--force', 'not-asked');
    });

    it('is refused if the engine lacks the image, and doctor says so', async () => {
      const target = await shop('no-image');
      const exec = targets('no-such-image:1').open(target);
      const { detail } = await failsWith(
        'second-container-failed',
        profiler().start(exec, request(), signal),
      );
      assert.equal(detail, 'no image no-such-image:1');
      assert.deepEqual(await added(), []);
      const [lacks] = (await targets('no-such-image:1').check?.(signal)) ?? [];
      assert.equal(lacks?.ok, false);
      assert.match(lacks.remedy, /docker pull no-such-image:1$/);
      const [has] = (await targets().check?.(signal)) ?? [];
      assert.equal(has?.ok, true, has?.detail);
      await engine.docker('rm', '--force', 'no-image');
    });

    it('is left clean after a start of which nobody knows how it ended', async () => {
      const target = await shop('unknown');
      const id = captureId(Date.now());
      await unlessSlow(() => profiler().start(targets().open(target, undefined, id), request(id), signal));
      const other = targets().open(target, { place: null }, captureId(Date.now()));
      await failsWith('no-shell', profiler().cleanUpUnknown(other, captureId(Date.now()), signal));
      assert.notDeepEqual(await added(), []);
      const exec = targets().open(target, { place: null }, id);
      assert.deepEqual(await profiler().cleanUpUnknown(exec, id, signal), { left: [] });
      await exec.leave?.();
      assert.deepEqual(await added(), []);
      await engine.docker('rm', '--force', 'unknown');
    });

    it('is refused once its JVM holds many copies of the library, one of each second container', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'flamepin-copies-'));
      closing.defer(() => rmSync(directory, { recursive: true }));
      chmodSync(directory, 0o755);
      const copies = Array.from({ length: 12 }, (_, index) => `libasyncProfiler-${index}.so`);
      for (const copy of copies)
        copyFileSync(join(toolsDirectory(), 'libasyncProfiler.so'), join(directory, copy));
      const preload = copies.map((copy) => `/copies/${copy}`).join(':');
      const mount = ['--volume', `${directory}:/copies:ro`, '--env', `LD_PRELOAD=${preload}`];
      const exec = targets().open(await shop('copies', ['--user', '1000:1000', ...mount]));
      const { detail } = await failsWith(
        'second-container-failed',
        profiler().start(exec, request(), signal),
      );
      assert.match(detail, /holds 12 copies of the profiler's library/);
      assert.deepEqual(await added(), []);
      await engine.docker('rm', '--force', 'copies');
    });

    it('takes its second one with it when it ends', async () => {
      const target = await shop('ends');
      const exec = targets().open(target);
      const { session } = await unlessSlow(() => profiler().start(exec, request(), signal));
      await engine.docker('kill', 'ends');
      await waitFor('an end of the second container', 30_000, async () =>
        (await added()).length === 0 ? true : undefined,
      );
      const again = targets().open(target, session);
      await failsWith('target-gone', profiler().collect(again, session, { maxBytes: 1_000_000 }, signal));
      await engine.docker('rm', '--force', 'ends');
    });

    // Podman runs the same commands, through the same socket as in its own contract.
    if (kind === 'podman') return;
    execContract(`beside a container of ${kind}`, async () => {
      const name = `contract-${randomUUID().slice(0, 8)}`;
      const target = await shop(name);
      const exec = targets().open(target);
      const remove = async (): Promise<void> => {
        await engine.docker('rm', '--force', name);
      };
      return {
        exec,
        loseTarget: remove,
        close: async () => {
          await exec.leave?.();
          await remove();
        },
      };
    });
  });
