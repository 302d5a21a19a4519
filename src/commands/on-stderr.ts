import type { Log } from '../captures/log.ts';
import { say } from './progress-line.ts';

/** Where a command has no log: what is wrong goes to stderr, one line each. */
export const onStderr: Pick<Log, 'info' | 'warn'> = {
  info: () => undefined,
  warn: (fields: object | string, message?: string) =>
    say(typeof fields === 'string' ? fields : `${message ?? ''}: ${JSON.stringify(fields)}`),
};
