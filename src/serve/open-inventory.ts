import type { Log } from '../captures/log.ts';
import type { Configuration } from '../config/load.ts';
import { fileSecret, type Secret } from '../config/secrets.ts';
import { askPrometheus } from '../targets/kubernetes/choice/prometheus.ts';
import { fileSource } from '../targets/ssh/inventory/file-source.ts';
import { httpSource } from '../targets/ssh/inventory/http-source.ts';
import { Inventory } from '../targets/ssh/inventory/inventory.ts';

/** As file_sd files may have. */
const largestBytes = 8 * 1024 ** 2;
/** A start of flamepin waits for it once. Milliseconds. */
const answerMs = 5_000;

type Listed = Configuration['targets']['ssh']['inventory'][number];

/**
 * The hosts that SSH targets may be, as `targets.ssh.inventory` says; null where it is not set. Has been read once. What
 * could not be read is logged; the inventory then says that it is incomplete.
 * @param offline ask nobody: only files are read
 */
export async function openInventory(
  { targets }: Pick<Configuration, 'targets'>,
  log: Pick<Log, 'info' | 'warn'>,
  { offline = false }: { offline?: boolean } = {},
): Promise<Inventory | null> {
  const listed = targets.ssh.inventory;
  if (listed.length === 0) return null;
  const inventory = new Inventory(
    listed.flatMap(({ fileSd, httpSd, sshLabel }) => [
      ...(fileSd === undefined ? [] : [fileSource(fileSd, sshLabel)]),
      ...(httpSd === undefined ? [] : [httpSource(httpSd, sshLabel, asking(httpSd, offline))]),
    ]),
    log,
  );
  await inventory.read();
  return inventory;
}

/** Secrets are read with each question, so that they can be rotated, and so that commands without them still start. */
function asking(source: NonNullable<Listed['httpSd']>, offline: boolean): Parameters<typeof httpSource>[2] {
  const { url, caFile, basic, bearerTokenFile } = source;
  const secrets = new Map<string, Secret>();
  const secret = (file: string): Secret => {
    const known = secrets.get(file) ?? fileSecret(file);
    secrets.set(file, known);
    return known;
  };
  return (signal) => {
    if (offline) return Promise.reject(new Error('not asked (--offline)'));
    const token = bearerTokenFile === undefined ? null : secret(bearerTokenFile);
    const user =
      basic === undefined ? null : { username: basic.username, password: secret(basic.passwordFile) };
    return askPrometheus({ url, token, basic: user, caFile }, '', signal, {
      maxBytes: largestBytes,
      milliseconds: answerMs,
    });
  };
}
