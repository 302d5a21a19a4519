import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { readProfile } from '../../src/profile/reading/read-profile.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileBurner, muslJre, startBurner } from '../setup/jvm.ts';
import { waitFor, type Started } from '../setup/process.ts';
import { profiler, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();
const host = hostExec();

// As an image on Alpine: musl's loader, busybox, a Java runtime, and nothing else.
describe('a JVM on musl, process 1 of a container that holds busybox and nothing else', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make namespaces: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });

  interface Container {
    /** Process 1, as this machine sees it. */
    pid: string;
    exec: Exec;
  }

  const containerOf = async (): Promise<Container> => {
    const { classes } = burner;
    const jre = muslJre();
    const text = `mount -t tmpfs -o mode=755 tmpfs /mnt && cd /mnt &&
      mkdir -p bin lib proc dev jre ".$2" && chmod 1777 tmp &&
      cp /bin/busybox bin && chroot . /bin/busybox --install -s /bin &&
      cp -L /lib/ld-musl-x86_64.so.1 lib && cp "$2"/* ".$2" && mount --bind "$1" jre &&
      mount -t proc proc proc && mount --bind /dev dev &&
      shift 2 && exec chroot . "$@"`;
    const jvm = await startBurner(classes, {
      jdk: { ...jre, home: '/jre' },
      prefix: [
        ...['unshare', '-m', '--pid', '--fork', '--kill-child', 'sh', '-c', text, 'sh', jre.home, classes],
      ],
    });
    started.push(jvm);
    const pid = await waitFor('its first process', 20_000, () => {
      const [child] = readFileSync(`/proc/${jvm.pid}/task/${jvm.pid}/children`, 'utf8').trim().split(' ');
      return child === '' ? undefined : child;
    });
    const inside = ['nsenter', '-m', '-p', '-r', '-w', '-t', pid];
    return {
      pid,
      exec: {
        run: (asked) => host.run({ ...asked, argv: [...inside, ...asked.argv] as [string, ...string[]] }),
      },
    };
  };
  const request = (durationSeconds: number) => ({
    captureId: captureId(Date.now()),
    durationSeconds,
    process: null,
    pid: 1,
  });
  const filesIn = ({ pid }: Container): string[] =>
    ['tmp', 'dev/shm'].flatMap((place) =>
      readdirSync(`/proc/${pid}/root/${place}`).filter((name) => /flamepin|asprof|attach/.test(name)),
    );

  it('is profiled twice and left clean', async () => {
    const container = await containerOf();
    const { exec } = container;
    for (const round of ['cold', 'warm']) {
      const { session } = await unlessSlow(() => profiler().start(exec, request(2), signal));
      const { recording, partial } = await profiler().collect(
        exec,
        session,
        { maxBytes: 10_000_000 },
        signal,
      );
      assert.equal(partial, false, round);
      const { events, jvm } = readProfile(recording);
      assert.ok(events.cpu && events.wall, round);
      assert.match(jvm ?? '', /17/);
      assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] }, round);
      assert.deepEqual(filesIn(container), [], round);
    }
  });
});
