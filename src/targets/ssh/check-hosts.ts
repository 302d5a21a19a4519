import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { CheckResult } from '../../captures/target.ts';
import { asFailure, describeReason } from '../../reasons/failure.ts';
import type { SshClient } from './client.ts';
import type { SshSettings } from './settings.ts';
import { look } from './look.ts';
import { sshExec } from './ssh-exec.ts';

/** More hosts are not asked. */
const mostAsked = 20;
const versionMs = 5_000;

/** For `doctor`: the client, its files, and a look at each host that is written as a plain name. */
export async function checkHosts(
  client: SshClient,
  settings: SshSettings,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const program = await checkProgram();
  if (!program.ok) return [program];
  const files = await Promise.all(
    [
      { key: 'identityFile', file: settings.identityFile },
      { key: 'knownHostsFile', file: settings.knownHostsFile },
      { key: 'configFile', file: settings.configFile },
    ].flatMap(({ key, file }) => (file === undefined ? [] : [checkFile(key, file)])),
  );
  const names = (settings.hosts ?? []).map(plainName).filter((name) => name !== null);
  const hosts = await Promise.all(
    names.slice(0, mostAsked).map((name) => checkHost(client, settings, name, signal)),
  );
  return [program, ...files.filter(({ ok }) => !ok), ...hosts];
}

/** `app-1` or `app-1[.]example[.]com` → the name; null for a pattern that fits more than one. */
export function plainName(pattern: string): string | null {
  const name = pattern.replaceAll(/\[\.\]|\\\./g, '.');
  return /^[A-Za-z0-9_.:-]+$/.test(name) && !/(?<!\[|\\)\./.test(pattern) ? name : null;
}

async function checkProgram(): Promise<CheckResult> {
  const what = 'OpenSSH client';
  try {
    const { stderr } = await promisify(execFile)('ssh', ['-V'], { timeout: versionMs });
    return { what, ok: true, detail: stderr.trim(), remedy: '' };
  } catch (error) {
    return {
      what,
      ok: false,
      detail: error instanceof Error ? error.message : String(error),
      remedy: 'Install it: apt-get install openssh-client, or apk add openssh-client.',
    };
  }
}

async function checkFile(key: string, file: string): Promise<CheckResult> {
  const what = `targets.ssh.${key}`;
  try {
    await access(file, constants.R_OK);
    return { what, ok: true, detail: file, remedy: '' };
  } catch {
    return { what, ok: false, detail: `${file} cannot be read`, remedy: 'Let the user of flamepin read it.' };
  }
}

async function checkHost(
  client: SshClient,
  { user, port }: SshSettings,
  host: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const what = `SSH host ${host}`;
  try {
    const exec = sshExec(client, { user: user ?? null, host, port: port ?? null }, null);
    const seen = await look(exec, null, signal);
    const others = [
      ...new Set(seen.jvms.filter(({ uid }) => uid !== seen.uid).map((jvm) => jvm.user || `#${jvm.uid}`)),
    ];
    const words = others.length === 0 || seen.uid === '0' ? '' : `, of other users: ${others.join(', ')}`;
    return {
      what,
      ok: true,
      detail: `logs in as ${seen.user}, sees ${seen.jvms.length} JVMs${words}`,
      remedy: '',
    };
  } catch (error) {
    const { reason } = asFailure(error);
    const remedy =
      reason.code === 'exec-unavailable'
        ? `Log in by hand as the user of flamepin, which shows more: ssh -v ${host}`
        : describeReason(reason).remedy;
    return { what, ok: false, detail: reason.detail, remedy };
  }
}
