import { z } from 'zod';
import { Failure } from '../../reasons/failure.ts';
import type { Exec } from '../../profiler/exec.ts';
import { commandOf, scriptText, type Script } from '../../profiler/script.ts';

/** Reads /proc of a host: which JVMs there are. Its parameter is a TCP port, or 0. */
export const lookScript: Script = {
  text: scriptText(new URL('look.sh', import.meta.url)),
  parameters: ['^[0-9]{1,5}$'],
};

/** Logging in, and a look at a few thousand processes of a busy host. */
const lookMs = 20_000;
const maxBytes = 1 << 20;

const ticks = z.string().regex(/^\d{1,20}$/);
const name = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.$-]{0,63}$/);

const jvmSchema = z.object({
  pid: z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number),
  /** Field 22 of /proc/PID/stat, clock ticks since boot. */
  startTicks: ticks,
  /** CPU used since its start, clock ticks (100 a second). */
  usedTicks: ticks.transform(Number),
  uid: z.string().regex(/^\d{1,10}$/),
  /** '' for a user who has no name there. */
  user: name.or(z.literal('')),
  /** In a PID namespace of its own. */
  contained: z.boolean(),
  /** In a mount namespace of its own. */
  apart: z.boolean(),
  /** On the port that was asked for. `hidden`: its user does, and flamepin may not see whether it is this process. */
  listens: z.enum(['yes', 'no', 'hidden']),
  /** Paths of its control groups, without the root. */
  groups: z.array(z.string()),
  args: z.array(z.string()),
});
/** One JVM of a host. */
export type HostJvm = z.infer<typeof jvmSchema>;

const hostSchema = z.object({
  bootId: z.string().regex(/^[0-9a-f-]{36}$/),
  hostname: z.string(),
  /** When it was started, seconds since 1970. */
  btime: z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number),
  /** Whom commands ran as. */
  uid: z.string().regex(/^\d{1,10}$/),
  user: z.string(),
  jvms: z.array(jvmSchema),
});
export type HostSeen = z.infer<typeof hostSchema>;

/** @param port TCP port to look for; null: none. Rejects with a Failure of the connection, or answer-malformed. */
export async function look(exec: Exec, port: number | null, signal: AbortSignal): Promise<HostSeen> {
  const { stdout, stderr } = await exec.run({
    argv: commandOf(lookScript, String(port ?? 0)),
    deadlineMs: lookMs,
    maxOutputBytes: maxBytes,
    signal,
  });
  const seen = readLook(stdout.toString('utf8'));
  if (seen === null)
    throw new Failure('answer-malformed', {
      detail: 'what the host says of its JVMs makes no sense',
      stderr,
    });
  return seen;
}

/** What look.sh printed; null when it cannot be that. */
export function readLook(text: string): HostSeen | null {
  const facts = new Map<string, string>();
  const jvms: { facts: Map<string, string>; groups: string[]; args: string[] }[] = [];
  let listed: string | null = null;
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at <= 0) continue;
    const [key, value] = [line.slice(0, at), line.slice(at + 1)];
    if (key === 'jvm') jvms.push({ facts: new Map(), groups: [], args: [] });
    if (key === 'listed') listed = value;
    else if (key === 'arg') jvms.at(-1)?.args.push(value);
    else if (key === 'group') jvms.at(-1)?.groups.push(value);
    else (jvms.at(-1)?.facts ?? facts).set(key, value);
  }
  const parsed = hostSchema.safeParse({
    bootId: facts.get('boot'),
    hostname: facts.get('hostname'),
    btime: facts.get('btime'),
    uid: facts.get('uid'),
    user: facts.get('user'),
    jvms: jvms.map(({ facts: jvm, groups, args }) => ({
      pid: jvm.get('jvm'),
      startTicks: jvm.get('ticks'),
      usedTicks: jvm.get('used'),
      uid: jvm.get('owner'),
      user: jvm.get('name'),
      contained: jvm.get('contained') === 'yes',
      apart: jvm.get('apart') === 'yes',
      listens: jvm.get('listens') ?? 'no',
      groups,
      args,
    })),
  });
  return parsed.success && listed === String(jvms.length) ? parsed.data : null;
}
