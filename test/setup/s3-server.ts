import {
  BucketAlreadyExists,
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache.ts';

export interface S3Server {
  /** `http://127.0.0.1:PORT`, the same after kill and restart. */
  endpoint: string;
  region: string;
  bucket: string;
  /** May do everything. */
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Known to the server, but without any right. */
  powerless: { accessKeyId: string; secretAccessKey: string };
  /** SIGKILL, as a machine that goes away. */
  kill(): Promise<void>;
  /** Starts again on the same ports and data. */
  restart(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

/** A real S3 server (SeaweedFS) on free ports of the loopback interface, with one bucket; it answers when this resolves. */
export async function startS3({ bucket = 'profiles' }: { bucket?: string } = {}): Promise<S3Server> {
  const script = join(import.meta.dirname, 'seaweedfs.sh');
  const { stdout } = await promisify(execFile)('sh', [script, cacheDirectory], { timeout: 180_000 });
  const weed = stdout.trim();

  const region = 'us-east-1';
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-s3-'));
  const credentials = { accessKeyId: 'flamepin-test', secretAccessKey: 'flamepin-test-secret' };
  const powerless = { accessKeyId: 'flamepin-guest', secretAccessKey: 'flamepin-guest-secret' };
  const identity = (name: string, key: typeof credentials, actions: string[]) => ({
    name,
    credentials: [{ accessKey: key.accessKeyId, secretKey: key.secretAccessKey }],
    actions,
  });
  const config = join(directory, 's3.json');
  await writeFile(
    config,
    JSON.stringify({
      identities: [
        identity('owner', credentials, ['Admin', 'Read', 'Write', 'List', 'Tagging']),
        identity('guest', powerless, ['Read:elsewhere']),
      ],
    }),
  );

  const names = ['master', 'volume', 'filer', 's3'];
  const ports = await freePorts(2 * names.length + 2);
  const portFlags = names.flatMap((name, i) => [
    `-${name}.port=${ports[2 * i]}`,
    `-${name}.port.grpc=${ports[2 * i + 1]}`,
  ]);
  const endpoint = `http://127.0.0.1:${ports[2 * names.indexOf('s3')]}`;
  const argv = [
    'mini',
    `-dir=${directory}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    ...portFlags,
    `-admin.port=${ports.at(-2)}`,
    `-admin.port.grpc=${ports.at(-1)}`,
    '-webdav=false',
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    '-master.telemetry=false',
    '-s3.autoCreateBucket=false',
    '-s3.allowDeleteBucketNotEmpty=false',
    `-s3.config=${config}`,
  ];

  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });

  let server: ChildProcess | undefined;
  const start = async () => {
    let log = '';
    const child = spawn(weed, argv, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    server = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
    const deadline = Date.now() + 30_000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`SeaweedFS ended at its start:\n${log}`);
      if (await takesObjects(client, bucket)) return;
      if (Date.now() > deadline)
        throw new Error(`SeaweedFS does not answer at ${endpoint} after 30 s:\n${log}`);
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  // A test that dies without stopping the server must not leave it behind.
  const atExit = () => {
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  const clean = async () => {
    process.off('exit', atExit);
    client.destroy();
    await end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
    // SeaweedFS leaves its sockets behind.
    for (const [i, name] of names.entries()) {
      await rm(`/tmp/seaweedfs-${name}-${ports[2 * i]}.sock`, { force: true });
      await rm(`/tmp/seaweedfs-${name}-grpc-${ports[2 * i + 1]}.sock`, { force: true });
    }
    await rm(`/tmp/seaweedfs-admin-grpc-${ports.at(-1)}.sock`, { force: true });
  };

  try {
    await start();
  } catch (error) {
    await clean();
    throw error;
  }
  return {
    endpoint,
    region,
    bucket,
    credentials,
    powerless,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      await start();
    },
    stop: clean,
  };
}

/** Whether the server takes an object: its parts come up one after the other, the bucket's name being the first. */
async function takesObjects(client: S3Client, bucket: string): Promise<boolean> {
  const abortSignal = AbortSignal.timeout(2000);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }), { abortSignal });
  } catch (error) {
    if (!(error instanceof BucketAlreadyExists || error instanceof BucketAlreadyOwnedByYou)) return false;
  }
  const probe = { Bucket: bucket, Key: 'probe' };
  try {
    await client.send(new PutObjectCommand({ ...probe, Body: 'up' }), { abortSignal });
    await client.send(new DeleteObjectCommand(probe), { abortSignal });
    return true;
  } catch {
    return false;
  }
}

/** Ports that nobody listens on now, all different; held together until all are known. */
async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const holder = createServer();
      await new Promise<void>((resolve, reject) => {
        holder.once('error', reject);
        holder.listen(0, '127.0.0.1', resolve);
      });
      return holder;
    }),
  );
  const ports = holders.map((holder) => {
    const address = holder.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  });
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))));
  return ports;
}
