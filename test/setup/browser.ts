import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Debian's Chromium, headless, with everything off that would call out. */
export async function startBrowser(): Promise<Browser> {
  execFileSync('sh', [join(import.meta.dirname, 'debian.sh'), 'chromium', 'fonts-dejavu-core'], {
    stdio: 'inherit',
  });
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
