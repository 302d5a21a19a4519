import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import type { SshClient } from './client.ts';
import type { Login } from '../../alerts/host-inventory.ts';

const lookMs = 5_000;

/**
 * Whether any known_hosts file that ssh would read names the host. Looked up only once a connection has failed, because
 * ssh ends with the same code for every reason. True where keys come from somewhere else, and when nobody knows.
 */
export async function isHostKeyKnown(client: SshClient, destination: Login): Promise<boolean> {
  try {
    const options = await client.optionsFor(destination);
    const value = (name: string): string => options.get(name) ?? '';
    const elsewhere = [value('knownhostscommand'), value('verifyhostkeydns')];
    if (elsewhere.some((set) => !['', 'none', 'no', 'false'].includes(set))) return true;
    const files = `${value('userknownhostsfile')} ${value('globalknownhostsfile')}`.split(' ');
    const alias = value('hostkeyalias');
    const host = value('hostname');
    const port = value('port');
    const name = alias !== '' && alias !== 'none' ? alias : port === '22' ? host : `[${host}]:${port}`;
    const found = await Promise.all(files.map((file) => isNamedIn(file.replace(/^~/, homedir()), name)));
    return found.includes(true);
  } catch {
    return true;
  }
}

async function isNamedIn(file: string, name: string): Promise<boolean> {
  try {
    await promisify(execFile)('ssh-keygen', ['-F', name, '-f', file], { timeout: lookMs });
    return true;
  } catch {
    return false;
  }
}
