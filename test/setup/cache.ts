import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tests and benchmarks keep what takes long to make or to fetch: flamepin's own cache. */
export const cacheDirectory = process.env['FLAMEPIN_CACHE'] ?? join(homedir(), '.cache', 'flamepin');
