import { pino } from 'pino';
import type { Log } from '../captures/log.ts';

/**
 * JSON lines on stdout. Secrets must never reach a log call; should a header or token slip through in an object, its
 * value is redacted here.
 */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        '*.authorization',
        '*.password',
        '*.token',
        '*.secret',
        '*.headers',
        'authorization',
        'headers',
      ],
      censor: '[redacted]',
    },
  });
}
