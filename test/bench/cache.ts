import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where benchmarks keep what takes long to make or to fetch. */
export function cacheDirectory(): string {
  return process.env['FLAMEPIN_CACHE'] ?? join(homedir(), '.cache/flamepin');
}
