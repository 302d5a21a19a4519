import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, start, waitFor } from './process.ts';

/** A real sshd of a test's own: on loopback, with its own keys and users. */
export interface SshServer {
  port: number;
  /** Key of the host, as it stands in known_hosts. */
  hostKey: string;
  /** A directory of the test's own; the files in it go when the server stops. */
  directory: string;
  /** A key that may log in as each of its users. */
  identityFile: string;
  /** Knows this host, as 127.0.0.1. */
  knownHostsFile: string;
  /** A user's configuration of OpenSSH: `app-1` is this host, behind itself as jump host, where the user is `jumper`. */
  configFile: string;
  /** Runs a program where the users of this server exist. */
  inside: string[];
  /** What sshd logged. */
  log(): string;
  /** Cuts every connection, as a firewall that forgets them would; new ones are accepted. */
  cut(): void;
  stop(): Promise<void>;
}

/** Users that may log in, and `app`, who may not. Further users see test/setup/sshd.sh. */
export const sshUsers = { flamepin: 7001, jumper: 7002, app: 7003 } as const;

const startMs = 30_000;

interface ServerOptions {
  /** Options of the key in authorized_keys: `command="…",restrict`. */
  keyOptions?: string;
  /** Further lines of sudoers. */
  sudoers?: string;
  /** What the host calls itself. Default: as the machine does. */
  hostname?: string;
  /** Login shell of the users. */
  shell?: string;
}

/** Starts Debian's openssh-server. Needs root. */
export async function startSshServer(options: ServerOptions = {}): Promise<SshServer> {
  const directory = mkdtempSync(join(tmpdir(), 'flamepin-sshd-'));
  const closing = new AsyncDisposableStack();
  closing.defer(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  try {
    chmodSync(directory, 0o755);
    for (const name of ['host-key', 'identity'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
    const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
    const write = (name: string, text: string, mode = 0o644): string => {
      writeFileSync(join(directory, name), text);
      chmodSync(join(directory, name), mode);
      return join(directory, name);
    };
    const port = await freePort();
    const hostKey = read('host-key.pub').split(' ').slice(0, 2).join(' ');
    const { keyOptions } = options;
    write('authorized_keys', `${keyOptions === undefined ? '' : `${keyOptions} `}${read('identity.pub')}`);
    writeUsers(write, directory, options);
    write(
      'sshd_config',
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(directory, 'host-key')}
AuthorizedKeysFile ${join(directory, 'authorized_keys')}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PidFile none
LogLevel VERBOSE
AcceptEnv FLAMEPIN_*
Subsystem sftp internal-sftp
`,
    );
    const server = start('unshare', [
      '--mount',
      '--uts',
      '--propagation=private',
      'sh',
      join(import.meta.dirname, 'sshd.sh'),
      directory,
      options.hostname ?? '',
    ]);
    const pid = server.process.pid ?? 0;
    closing.defer(async () => {
      const sessions = childrenOf(pid);
      await server.stop();
      endAll(sessions);
    });
    await waitFor('sshd', startMs, () => isOpen(port), server.output);
    return {
      port,
      hostKey,
      directory,
      identityFile: join(directory, 'identity'),
      configFile: write(
        'ssh_config',
        `Host app-*
  HostName 127.0.0.1
  HostKeyAlias [127.0.0.1]:${port}
  ProxyJump jump
Host jump
  HostName 127.0.0.1
  Port ${port}
  User jumper
  IdentityFile ${join(directory, 'identity')}
`,
      ),
      knownHostsFile: write('known_hosts', `[127.0.0.1]:${port} ${hostKey}\n`),
      inside: ['nsenter', '--mount', `--target=${pid}`],
      log: server.output,
      cut: () => endAll(childrenOf(pid)),
      stop: () => closing.disposeAsync(),
    };
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}

function writeUsers(
  write: (name: string, text: string, mode?: number) => string,
  directory: string,
  { sudoers = '', shell = '/bin/sh' }: ServerOptions,
): void {
  const home = join(directory, 'home');
  mkdirSync(home);
  chmodSync(home, 0o777);
  // As some do, to the grief of scp.
  writeFileSync(join(home, '.bashrc'), 'echo "Welcome to this host"\n');
  const machine = (name: string): string => readFileSync(`/etc/${name}`, 'utf8');
  const users = Object.entries(sshUsers);
  const lines = (line: (name: string, id: number) => string): string =>
    users.map(([name, id]) => `${line(name, id)}\n`).join('');
  write(
    'passwd',
    machine('passwd') +
      lines((name, id) => `${name}:x:${id}:${id}::${home}:${name === 'app' ? '/usr/sbin/nologin' : shell}`),
  );
  write('group', machine('group') + lines((name, id) => `${name}:x:${id}:`));
  write('shadow', machine('shadow') + lines((name) => `${name}:*:19000:0:99999:7:::`), 0o640);
  write('sudoers', `root ALL=(ALL:ALL) ALL\n${sudoers}\n`, 0o440);
}

function isOpen(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    endAll(childrenOf(pid).filter((child) => isSshd(child)));
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself in the meantime.
    }
  }
}

/** A connection has two processes; commands that run in it are none of the connection's. */
function isSshd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sshd\n';
  } catch {
    return false;
  }
}
