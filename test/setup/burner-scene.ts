import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { compileBurner, startBurner, type Jvm } from './jvm.ts';

/** The token of `access.capturesTokenFile` in every scene. */
export const capturesToken = 'captures-token-of-this-test';

interface FlamepinOptions {
  /** Its own directory: its ledger and, unless `storage` says otherwise, its artifacts. Default: the scene's. */
  home?: string;
  /** Each as `route` writes it. */
  routes: readonly string[];
  /** YAML of `storage`. */
  storage?: string | undefined;
  /** YAML of further keys, each on its own line. */
  further?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Burners, a Grafana, and flamepins that profile the ones and mark the other. Disposing ends all, the newest first. */
export class BurnerScene implements AsyncDisposable {
  readonly directory: string;
  readonly grafana: Grafana;
  /** For whatever else a test starts beside them. */
  readonly closing: AsyncDisposableStack;
  readonly #classes: string;

  private constructor(directory: string, grafana: Grafana, classes: string, closing: AsyncDisposableStack) {
    this.directory = directory;
    this.grafana = grafana;
    this.#classes = classes;
    this.closing = closing;
  }

  /** `name`: of its directory, to be recognised. */
  static async open(name: string): Promise<BurnerScene> {
    await using closing = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), `flamepin-${name}-`));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(() => burner.remove());
    const grafana = await startGrafana();
    closing.defer(() => grafana.close());
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    await writeFile(join(directory, 'captures.token'), capturesToken);
    return new BurnerScene(directory, grafana, burner.classes, closing.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closing.disposeAsync();
  }

  /** A directory for one flamepin of several. */
  async home(name: string): Promise<string> {
    const home = join(this.directory, name);
    await mkdir(home);
    return home;
  }

  /** A JVM that `route` of the same name leads to. `args`: how many busy threads. */
  async jvm(name: string, args: string[] = []): Promise<Jvm> {
    const jvm = await startBurner(this.#classes, { flags: [this.#flag(name)], args });
    this.closing.defer(() => jvm.stop('SIGKILL'));
    return jvm;
  }

  /** A route to the JVM of this name, for every alert or those of one service. */
  route(name: string, { service, seconds = 15 }: { service?: string; seconds?: number } = {}): string {
    const matchers = service === undefined ? '' : `'service="${service}"'`;
    const flag = this.#flag(name);
    return `{matchers: [${matchers}], duration: ${seconds}s, cooldown: 0s, event: cpu, target: {host: {process: "${flag}$|${flag} "}}}`;
  }

  async flamepin(options: FlamepinOptions): Promise<RunningFlamepin> {
    const { home = this.directory, routes, storage, further = '', environment = {} } = options;
    const flamepin = await startFlamepin(
      home,
      `server: {port: 0, publicUrl: "http://flamepin.test"}
routes:
${routes.map((route) => `  - ${route}`).join('\n')}
storage: ${storage ?? `{filesystem: {directory: ${join(home, 'artifacts')}}}`}
grafana: {url: "${this.grafana.url}", tokenFile: ${join(this.directory, 'grafana.token')}}
access: {capturesTokenFile: ${join(this.directory, 'captures.token')}}
ledger: {sqlite: {path: ${join(home, 'flamepin.db')}}}
${further}
`,
      { ...process.env, ...environment },
    );
    this.closing.defer(() => flamepin.stop());
    return flamepin;
  }

  /** The text of the only mark of a capture; fails when there are none or several. */
  markText(id: string): string {
    const marks = this.grafana.annotations().filter(({ tags }) => tags.includes(`flamepin:${id}`));
    assert.equal(marks.length, 1, JSON.stringify(marks));
    return marks[0]?.text ?? '';
  }

  #flag(name: string): string {
    return `-Dflamepin.test=${join(this.directory, name)}`;
  }
}
