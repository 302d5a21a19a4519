import { isIP } from 'node:net';
import type { HostInventory, Login } from '../../../alerts/host-inventory.ts';
import type { Log } from '../../../captures/log.ts';
import type { InventorySource, SourceState } from './source.ts';

/** More hosts than this are not kept: one flamepin profiles eight at once. */
const mostHosts = 50_000;

/**
 * The hosts of all sources, in memory. Each source is read anew at its interval, and that is all that an idle fleet costs:
 * a host has neither a timer nor a connection.
 */
export class Inventory implements HostInventory {
  readonly #sources: readonly InventorySource[];
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #states = new Map<InventorySource, SourceState>();
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #reading = new Set<InventorySource>();
  #logins = new Map<string, Login[]>();
  #hosts = 0;

  constructor(sources: readonly InventorySource[], log: Pick<Log, 'info' | 'warn'>) {
    this.#sources = sources;
    this.#log = log;
  }

  /** Reads every source once. Never rejects: what cannot be read is logged, and `unread`. */
  async read(): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#refresh(source)));
  }

  /** From now on, until `close`. */
  keepFresh(): void {
    for (const source of this.#sources)
      this.#timers.push(setInterval(() => void this.#refresh(source), source.refreshMs).unref());
  }

  find(name: string): readonly Login[] {
    return this.#logins.get(name) ?? [];
  }

  unread(): readonly string[] {
    return this.#sources
      .filter((source) => this.#states.get(source)?.incomplete !== false)
      .map(({ name }) => `${name}, which could not be read`);
  }

  /** For `doctor`: each source, how many hosts it has and what is wrong with it. */
  sources(): { name: string; hosts: number; problems: readonly string[] }[] {
    return this.#sources.map((source) => {
      const { hosts, problems } = this.#states.get(source) ?? { hosts: [], problems: ['not read yet'] };
      return { name: source.name, hosts: hosts.length, problems };
    });
  }

  close(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #refresh(source: InventorySource): Promise<void> {
    // A source that is slower than its interval is not asked twice at once.
    if (this.#reading.has(source)) return;
    this.#reading.add(source);
    try {
      const before = this.#states.get(source);
      const state = await source.read(this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      this.#states.set(source, state);
      this.#report(source, before, state);
      if (state.hosts !== before?.hosts) this.#index();
    } finally {
      this.#reading.delete(source);
    }
  }

  /** Once for each change, not each minute. */
  #report({ name }: InventorySource, before: SourceState | undefined, state: SourceState): void {
    const problems = state.problems.join('; ');
    if (problems === (before?.problems ?? []).join('; ')) return;
    if (problems === '') this.#log.info({ source: name, hosts: state.hosts.length }, 'inventory read again');
    else
      this.#log.warn(
        { source: name, problems: state.problems.slice(0, 10), hosts: state.hosts.length },
        'inventory cannot be read; the hosts read last stay',
      );
  }

  #index(): void {
    const logins = new Map<string, Login[]>();
    const short = new Map<string, Login[]>();
    const hosts = this.#sources.flatMap((source) => this.#states.get(source)?.hosts ?? []);
    for (const { names, login } of hosts.slice(0, mostHosts))
      for (const name of names) {
        add(logins, name, login);
        const [first = ''] = name.split('.');
        if (isIP(name) === 0 && first !== name) add(short, first, login);
      }
    // A short name that a host has itself is not that of another one's full name.
    for (const [name, those] of short) if (!logins.has(name)) logins.set(name, those);
    if (hosts.length > mostHosts && this.#hosts <= mostHosts)
      this.#log.warn(
        { hosts: hosts.length },
        `inventory has more than ${mostHosts} hosts; the others are not used`,
      );
    this.#hosts = hosts.length;
    this.#logins = logins;
  }
}

function add(to: Map<string, Login[]>, name: string, login: Login): void {
  const those = to.get(name) ?? [];
  const same = those.some(
    ({ user, host, port }) => user === login.user && host === login.host && port === login.port,
  );
  if (!same) to.set(name, [...those, login]);
}
