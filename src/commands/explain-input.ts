import { alertWith, parseAlertList, type AlertList } from '../alerts/alert-list.ts';
import { parseNotification } from '../alerts/notification.ts';
import { Failure } from '../reasons/failure.ts';
import { inputPieces, openInput } from './input-file.ts';

/** Where the alerts come from: exactly one of these. */
export type ExplainInput = { file: string } | { labels: Readonly<Record<string, string>> };

/** 10,000 ordinary alerts are 10.8 MB; bytes. */
const largestInput = 64 * 1024 * 1024;

/**
 * The alerts to explain. Rejects with a Failure: file-unreadable, alerts-unreadable, notification-too-large,
 * notification-version, notification-malformed.
 */
export function readAlerts(input: ExplainInput, now: number): AlertList {
  if ('labels' in input)
    return { alerts: [alertWith(input.labels, new Date(now).toISOString())], warnings: [] };
  return alertsIn(readText(input.file), input.file);
}

function alertsIn(text: string, path: string): AlertList {
  const body = parseJson(text, path);
  return Array.isArray(body)
    ? parseAlertList(body)
    : parseNotification(body, { source: 'explain', sender: 'alertmanager' });
}

function readText(path: string): string {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (const piece of inputPieces(openInput(path))) {
    bytes += piece.length;
    if (bytes > largestInput)
      throw new Failure('notification-too-large', { detail: `${path} has more than ${largestInput} bytes` });
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('alerts-unreadable', { detail: `${path} is not JSON`, cause: error });
  }
}
