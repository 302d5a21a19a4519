import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Login } from '../../alerts/host-inventory.ts';

/** How ssh is called; the keys are documented in the configuration. */
export interface ClientSettings {
  identityFile?: string | undefined;
  knownHostsFile?: string | undefined;
  /** Default: ~/.ssh/config, then /etc/ssh/ssh_config. */
  configFile?: string | undefined;
  /** Socket of the agent that ssh asks for keys; null: none. */
  agentSocket: string | null;
}

/** A connection that nobody uses closes after this: it outlasts a window of 60 s. Seconds. */
const idleSeconds = 75;
/** Three that stay unanswered end a connection. Seconds. */
const keepAliveSeconds = 5;
const connectSeconds = 10;
/** To be logged in, through jump hosts too. Milliseconds. */
const loginMs = 25_000;
/** For what asks nobody, or only our own end of a connection. Milliseconds. */
const localMs = 5_000;
const keptWords = 500;

const run = promisify(execFile);

/** One run of ssh. */
export interface Connection {
  process: ChildProcessWithoutNullStreams;
  /** What ssh itself said, its last line; '' when it said nothing. Once only: its file is removed. */
  words: () => string;
}

/**
 * The OpenSSH client of this machine, with the configuration of its user. All commands for one destination go over one
 * connection, which closes when it is idle, whatever becomes of us.
 */
export class SshClient {
  readonly #settings: ClientSettings;
  readonly #idleSeconds: number;
  #directory: string | null = null;

  /** @param idle after so many seconds without a command a connection closes */
  constructor(settings: ClientSettings, idle = idleSeconds) {
    this.#settings = settings;
    this.#idleSeconds = idle;
  }

  /** Runs a command line in the login shell there. */
  connect(destination: Login, line: string): Connection {
    const log = join(this.#ownDirectory(), `log-${randomUUID()}`);
    const child = spawn('ssh', ['-E', log, ...this.#options(destination), '--', destination.host, line], {
      // A session of its own has no terminal to ask for passwords at, and gets no Ctrl-C of ours.
      detached: true,
      env: this.#environment(),
      stdio: 'pipe',
    });
    return { process: child, words: () => takeWords(log) };
  }

  /**
   * Forwards a Unix socket here to one on that host, over the same connection. Rejects with what ssh said when it cannot
   * log in. Whether anyone listens over there only shows once somebody connects.
   * @returns the socket here; refuses connections once the connection to the host has closed
   */
  async forward(destination: Login, remote: string): Promise<string> {
    await this.#logIn(destination);
    const local = join(this.#ownDirectory(), `at-${randomUUID().slice(0, 8)}`);
    await this.#control(this.#controlPath(destination), ['-O', 'forward', '-L', `${local}:${remote}`]);
    return local;
  }

  /** Makes the connection that all commands for a destination share, unless there is one. */
  async #logIn(destination: Login): Promise<void> {
    const log = join(this.#ownDirectory(), `log-${randomUUID()}`);
    const child = spawn('ssh', ['-E', log, ...this.#options(destination), '-N', '--', destination.host], {
      detached: true,
      env: this.#environment(),
      stdio: 'ignore',
      timeout: loginMs,
      killSignal: 'SIGKILL',
    });
    try {
      // Once it has logged in, ssh leaves the connection to a process of its own and exits.
      const [code] = (await once(child, 'exit')) as [number | null];
      const words = takeWords(log);
      if (code !== 0) throw new Error(words === '' ? `ssh ended with ${code ?? 'a signal'}` : words);
    } finally {
      takeWords(log);
    }
  }

  /** What ssh would do for a destination: its options by name, in lower case, each with its values. */
  async optionsFor(destination: Login): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await run('ssh', ['-G', ...this.#options(destination), '--', destination.host], {
      env: this.#environment(),
      timeout: localMs,
    });
    return new Map(
      stdout
        .split('\n')
        .map((entry): [string, string] => [
          entry.split(' ', 1)[0] ?? '',
          entry.slice(entry.indexOf(' ') + 1),
        ]),
    );
  }

  /** Ends all connections and removes our directory. */
  async close(): Promise<void> {
    const directory = this.#directory;
    if (directory === null) return;
    this.#directory = null;
    const sockets = readdirSync(directory).filter((name) => name.startsWith('to-'));
    await Promise.allSettled(sockets.map((socket) => this.#control(join(directory, socket), ['-O', 'exit'])));
    rmSync(directory, { recursive: true, force: true });
  }

  /** Tells the process that keeps a connection what to do. */
  async #control(socket: string, command: readonly string[]): Promise<void> {
    await run('ssh', ['-F', 'none', '-S', socket, ...command, '--', 'host'], {
      env: this.#environment(),
      timeout: localMs,
    });
  }

  #controlPath({ user, host, port }: Login): string {
    const key = createHash('sha256')
      .update(JSON.stringify([user, host, port]))
      .digest('hex')
      .slice(0, 16);
    return join(this.#ownDirectory(), `to-${key}`);
  }

  #options(destination: Login): string[] {
    const { user, port } = destination;
    const { identityFile } = this.#settings;
    return [
      ...['-F', join(this.#ownDirectory(), 'config'), '-T'],
      ...['-o', 'ControlMaster=auto', '-o', `ControlPersist=${this.#idleSeconds}`],
      ...['-o', `ControlPath=${this.#controlPath(destination)}`, '-o', 'RemoteCommand=none'],
      ...(identityFile === undefined ? [] : ['-i', resolve(identityFile), '-o', 'IdentitiesOnly=yes']),
      ...(user === null ? [] : ['-l', user]),
      ...(port === null ? [] : ['-p', String(port)]),
    ];
  }

  /** Nothing of our own environment but this: it may hold secrets. */
  #environment(): NodeJS.ProcessEnv {
    const { agentSocket } = this.#settings;
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C',
      HOME: homedir(),
      SSH_ASKPASS_REQUIRE: 'never',
      ...(agentSocket !== null && { SSH_AUTH_SOCK: agentSocket }),
    };
  }

  /** Private, and with a short name: the path of a socket has at most 108 bytes. */
  #ownDirectory(): string {
    if (this.#directory === null) {
      this.#directory = mkdtempSync(join(tmpdir(), 'flamepin-ssh-'));
      writeFileSync(join(this.#directory, 'config'), configuration(this.#settings), { mode: 0o600 });
    }
    return this.#directory;
  }
}

/**
 * The first value of an option counts: ours, then those of the user. A file, because ssh hands it on to the ssh of a jump
 * host, which gets no option of the command line.
 */
function configuration({ knownHostsFile, configFile }: ClientSettings): string {
  const included =
    configFile === undefined ? ['~/.ssh/config', '/etc/ssh/ssh_config'] : [resolve(configFile)];
  return [
    'Host *',
    'BatchMode yes',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    ...(knownHostsFile === undefined ? [] : [`UserKnownHostsFile ${written(resolve(knownHostsFile))}`]),
    `ConnectTimeout ${connectSeconds}`,
    `ServerAliveInterval ${keepAliveSeconds}`,
    'ServerAliveCountMax 3',
    'ClearAllForwardings yes',
    'ForwardAgent no',
    'ForwardX11 no',
    'Tunnel no',
    'PermitLocalCommand no',
    'AddKeysToAgent no',
    'LogLevel ERROR',
    ...included.map((file) => `Include ${written(file)}`),
    '',
  ].join('\n');
}

/** `%` begins a token in ssh's configuration. */
const written = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

function takeWords(log: string): string {
  let text: string;
  try {
    text = readFileSync(log, 'utf8');
    rmSync(log, { force: true });
  } catch {
    return '';
  }
  const last = text.trim().split('\n').at(-1) ?? '';
  return last.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, keptWords);
}
