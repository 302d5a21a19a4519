import { extname } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { Login } from '../../../alerts/host-inventory.ts';
import { hostIn, machinesNamed } from '../../../alerts/machine.ts';
import { readAddress } from '../destination.ts';

/** One target of an inventory: a host, and what alerts may call it. */
export interface ListedHost {
  /** Lower case, as `hostIn` writes them. */
  names: readonly string[];
  login: Login;
}

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** Prometheus' `targetgroup`, which file_sd and http_sd share. */
const groupsSchema = z
  .array(
    z.object({
      targets: z.array(z.string()).nullish(),
      labels: z.record(z.string(), text).nullish(),
    }),
  )
  .nullish();

/**
 * `[{"targets": ["10.0.0.7:9100"], "labels": {"nodename": "app-1", "__meta_ssh": "ops@app-1.example.com"}}]` → hosts. An
 * entry without the SSH label is reached as the host of its target. Its own labels that name a machine are further names.
 * Throws an Error that says what is wrong: no host of a list that is half understood is used.
 * @param name of the file or the URL: `.yml` and `.yaml` are YAML, all others JSON
 */
export function readGroups(source: string, name: string, sshLabel: string): ListedHost[] {
  const groups = groupsSchema.safeParse(parse(source, name));
  if (!groups.success) {
    const [issue] = groups.error.issues;
    throw new Error(`not a list of target groups (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
  }
  return (groups.data ?? []).flatMap(({ targets, labels }) => {
    const own = labels ?? {};
    const written = Object.hasOwn(own, sshLabel) ? own[sshLabel] : undefined;
    const machines = machinesNamed(own).map(({ host }) => host);
    return (targets ?? []).map((target) => listedHost(target, written, machines));
  });
}

function listedHost(target: string, written: string | undefined, machines: readonly string[]): ListedHost {
  const address = hostIn(target);
  if (address === null) throw new Error(`the target ${shown(target)} names no host`);
  const login = written === undefined ? { user: null, host: address, port: null } : readLogin(written);
  return { names: [...new Set([address, login.host.toLowerCase(), ...machines])], login };
}

/** `[user@]host[:port]`, as in an address of ours. */
function readLogin(written: string): Login {
  try {
    const { destination, pid } = readAddress(`ssh://${written}`);
    if (pid === null) return destination;
  } catch {
    // Said below, in words that fit.
  }
  throw new Error(`${shown(written)} is not [user@]host[:port]`);
}

function parse(source: string, name: string): unknown {
  if (!['.yml', '.yaml'].includes(extname(name))) return JSON.parse(source);
  const document = parseDocument(source, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`not YAML: ${error.message}`);
  return document.toJS({ maxAliasCount: 100 });
}

const shown = (value: string): string => JSON.stringify(value.slice(0, 100));
