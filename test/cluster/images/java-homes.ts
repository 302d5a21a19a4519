import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

export interface JavaHome {
  path: string;
  /** Feature release: 17, 25, … */
  release: number;
}

/** The JDKs of this machine that can link a runtime, one per release, the oldest first; at least one of 17 or later. */
export function javaHomes(): JavaHome[] {
  const candidates = new Set([process.env['JAVA_HOME'], ...installed()].filter((path) => path !== undefined));
  const homes = new Map<number, JavaHome>();
  for (const path of candidates) {
    if (!['bin/javac', 'bin/jlink', 'release'].every((name) => existsSync(join(path, name)))) continue;
    const version = /^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(path, 'release'), 'utf8'))?.[1];
    const release = Number(version ?? 0);
    if (release >= 17) homes.set(release, { path: realpathSync(path), release });
  }
  if (homes.size === 0)
    throw new Error(
      'The test cluster needs a JDK 17 or later with jlink: apt-get install openjdk-17-jdk-headless',
    );
  return [...homes.values()].sort((a, b) => a.release - b.release);
}

function installed(): string[] {
  const place = '/usr/lib/jvm';
  return existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : [];
}
