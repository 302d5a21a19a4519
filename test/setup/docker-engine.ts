import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { compileBurner, jdks } from './jvm.ts';
import { start, waitFor, type Started } from './process.ts';

/** A container engine of a test's own, with small images: `shell`, and `no-shell`, an empty one. */
export interface ContainerEngine {
  /** Its Unix socket. */
  socket: string;
  /** How it is reached with TLS, on loopback of the machine; null unless that was asked for. */
  tls: { url: string; caFile: string; certFile: string; keyFile: string } | null;
  /** The network namespace in which its containers' addresses can be reached. */
  namespace: string;
  /** Runs the docker client; its stdout, trimmed. */
  docker(...args: string[]): Promise<string>;
  /** Starts a container; its id. `options`: further arguments of `docker run`. */
  run(
    name: string,
    command: readonly string[],
    options?: readonly string[],
    image?: EngineImage,
  ): Promise<string>;
  /** Starts a JVM (test/java/burner) in a container; resolves once it works. */
  runJvm(name: string, options?: JvmContainer): Promise<void>;
  /** Imports the root of a file system, a tar file, as an image. */
  import(root: Buffer, image: string): void;
  stop(): Promise<void>;
}

type EngineImage = 'shell' | 'no-shell';

export interface JvmContainer {
  /** Further arguments of `docker run`. */
  options?: string[];
  image?: EngineImage;
  /** Runs the JVM: `['sh', '-c', 'exec "$@"', 'sh']`. */
  prefix?: string[];
}

const startMs = 60_000;
/** Podman asks for more by default than a test machine may allow. */
const ulimit = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];

/**
 * Debian's docker.io, or podman through its compatible socket. Needs root.
 * @param options `largeImages`: not every layer is copied whole, where the file system of /tmp allows that. `tls`: the
 *   engine of Docker also listens with TLS
 */
export async function startEngine(
  kind: 'docker' | 'podman',
  { largeImages = false, tls = false } = {},
): Promise<ContainerEngine> {
  const directory = mkdtempSync(join(tmpdir(), `flamepin-${kind}-`));
  const namespace = `fp${process.pid}${kind}`.slice(0, 15);
  const closing = new AsyncDisposableStack();
  closing.defer(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  try {
    execFileSync('ip', ['netns', 'add', namespace]);
    closing.defer(() => {
      execFileSync('ip', ['netns', 'del', namespace]);
    });
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const socket = join(directory, 'docker.sock');
    const server =
      kind === 'docker'
        ? start('sh', [
            join(import.meta.dirname, 'docker-engine.sh'),
            directory,
            namespace,
            largeImages ? 'auto' : 'vfs',
            ...(tls ? [certificates(directory)] : []),
          ])
        : startPodman(directory, namespace, socket);
    closing.defer(() => server.stop());
    const docker = async (...args: string[]): Promise<string> => {
      const { stdout } = await promisify(execFile)('docker', ['-H', `unix://${socket}`, ...args], {
        timeout: 120_000,
      });
      return stdout.trim();
    };
    await waitFor(
      `the ${kind} engine`,
      startMs,
      () => {
        if (server.process.exitCode !== null)
          throw new Error(`${kind} ended with ${server.process.exitCode}\n${server.output()}`);
        return existsSync(socket)
          ? docker('version').then(
              () => true,
              () => undefined,
            )
          : undefined;
      },
      server.output,
    );
    closing.defer(() => removeContainers(docker));
    const importAs: ContainerEngine['import'] = (root, image) => {
      execFileSync('docker', ['-H', `unix://${socket}`, 'import', '-', image], { input: root });
    };
    importAs(imageRoot(), 'shell:test');
    importAs(imageRoot('--no-shell'), 'no-shell:test');
    const run: ContainerEngine['run'] = (name, command, options = [], image = 'shell') => {
      const network = options.includes('--network') ? [] : ['--network', 'none'];
      const all = ['--detach', '--name', name, ...ulimit, ...network, ...options];
      return docker('run', ...all, `${image}:test`, ...command);
    };
    const jvm = jvmContainer();
    closing.defer(jvm.remove);
    return {
      socket,
      tls: tls ? tlsAccess(directory, server) : null,
      namespace,
      docker,
      run,
      import: importAs,
      runJvm: (name, options) => runJvm({ docker, run }, jvm, name, options),
      stop: () => closing.disposeAsync(),
    };
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}

function certificates(directory: string): string {
  execFileSync('sh', [join(import.meta.dirname, 'certificates.sh'), directory]);
  return directory;
}

function tlsAccess(directory: string, server: Started): ContainerEngine['tls'] {
  const [, port] = /^port (\d+)$/m.exec(server.output()) ?? [];
  if (port === undefined) throw new Error(`the engine has no port\n${server.output()}`);
  const [caFile = '', certFile = '', keyFile = ''] = ['ca.pem', 'client.pem', 'client-key.pem'].map((name) =>
    join(directory, name),
  );
  return { url: `tcp://127.0.0.1:${port}`, caFile, certFile, keyFile };
}

function startPodman(directory: string, namespace: string, socket: string): Started {
  return start('nsenter', [
    `--net=/run/netns/${namespace}`,
    'podman',
    '--root',
    join(directory, 'data'),
    '--runroot',
    join(directory, 'run'),
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    'system',
    'service',
    '--time=0',
    `unix://${socket}`,
  ]);
}

async function removeContainers(docker: ContainerEngine['docker']): Promise<void> {
  const ids = (await docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await docker('rm', '--force', '--volumes', ...ids);
}

/** The root of an image, as a tar file. `options`: those of container-image.sh. */
export function imageRoot(...options: readonly string[]): Buffer {
  const image = spawnSync('sh', [join(import.meta.dirname, 'container-image.sh'), ...options], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (image.status !== 0) throw new Error(image.stderr.toString());
  return image.stdout;
}

/** What a JVM (test/java/burner) needs in a container without a JDK: its command, and the mounts. */
export function jvmContainer(): { command: string[]; volumes: string[]; remove: () => void } {
  const { classes, remove } = compileBurner();
  const home = jdks()[0]?.home ?? '';
  const machine = ['/usr/lib', '/lib', '/lib64', '/etc/java-17-openjdk', home];
  return {
    command: [join(home, 'bin/java'), '-Xmx32m', '-cp', '/classes', 'Burner'],
    volumes: [
      ...machine.filter((path) => existsSync(path)).map((path) => `${path}:${path}:ro`),
      `${classes}:/classes:ro`,
    ],
    remove,
  };
}

async function runJvm(
  { docker, run }: Pick<ContainerEngine, 'docker' | 'run'>,
  { command, volumes }: ReturnType<typeof jvmContainer>,
  name: string,
  { options = [], prefix = [], image = 'shell' }: JvmContainer = {},
): Promise<void> {
  const mounts = volumes.flatMap((volume) => ['--volume', volume]);
  await run(name, [...prefix, ...command], [...mounts, ...options], image);
  await waitFor(`the JVM in ${name}`, startMs, async () =>
    (await docker('logs', name)).includes('ready') ? true : undefined,
  );
}
