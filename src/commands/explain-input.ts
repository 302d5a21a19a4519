import { alertWith, parseAlertList, type AlertList } from '../alerts/alert-list.ts';
import { parseNotification } from '../alerts/notification.ts';
import type { Configuration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { certainAlerts } from '../coverage/certain-alerts.ts';
import { Failure } from '../reasons/failure.ts';
import { alertsOf } from './explain-alertmanager.ts';
import { inputPieces, openInput } from './input-file.ts';

/** Where the alerts come from. */
export type ExplainInput =
  | { from: 'file'; path: string }
  | { from: 'labels'; labels: Readonly<Record<string, string>> }
  | { from: 'alertmanager'; url: string }
  | { from: 'grafana' };

/** 10,000 ordinary alerts are 10.8 MB; bytes. */
const largestInput = 64 * 1024 * 1024;
/** Of Grafana's answer, milliseconds. */
const grafanaMs = 15_000;

/**
 * The alerts to explain. Rejects with ConfigurationError where Grafana is to be asked and not configured, or a Failure:
 * file-unreadable, alerts-unreadable, rule-file-malformed, notification-too-large, notification-version, service-unreachable, service-refused,
 * grafana-unavailable, grafana-denied, grafana-rejected.
 */
export async function readAlerts(
  input: ExplainInput,
  configuration: Pick<Configuration, 'grafana' | 'secrets' | 'origin'>,
): Promise<AlertList> {
  switch (input.from) {
    case 'file':
      return alertsIn(readText(input.path), input.path);
    case 'labels':
      return { alerts: [alertWith(input.labels, new Date().toISOString())], warnings: [] };
    case 'alertmanager':
      return parseAlertList(await alertsOf(input.url), 'alertmanager');
    case 'grafana':
      return parseAlertList(await alertsOfGrafana(configuration), 'grafana');
  }
}

async function alertsOfGrafana({
  grafana,
  secrets,
  origin,
}: Pick<Configuration, 'grafana' | 'secrets' | 'origin'>): Promise<unknown[]> {
  if (grafana === undefined)
    throw new ConfigurationError(origin, [
      {
        path: 'grafana',
        what: 'missing, and --grafana needs it',
        remedy: 'Set grafana.url and its token, or pass --alertmanager URL.',
      },
    ]);
  const { grafanaApi } = await import('../annotations/grafana-api.ts');
  const token = () => Promise.resolve(secrets.grafanaToken?.read() ?? '');
  return grafanaApi({ url: grafana.url, token }).firingAlerts(AbortSignal.timeout(grafanaMs));
}

function alertsIn(text: string, path: string): AlertList {
  if (text.trim() === '') throw new Failure('alerts-unreadable', { detail: `${path} is empty` });
  const body = parseJson(text);
  if (body === undefined && !ruleLine.test(text))
    throw new Failure('alerts-unreadable', { detail: `${path} holds neither JSON nor rules` });
  if (Array.isArray(body)) return parseAlertList(body);
  if (typeof body === 'object' && body !== null && 'alerts' in body)
    return parseNotification(body, { source: 'explain', sender: 'alertmanager' });
  if (
    body === undefined ||
    (typeof body === 'object' && body !== null && ('groups' in body || 'spec' in body || 'items' in body))
  )
    return certainAlerts(path, text, new Date().toISOString());
  throw new Failure('alerts-unreadable', { detail: `${path} holds ${whatItIs(body)}` });
}

/** A line that files of rules have; anything else that is not JSON is more likely a broken notification. */
const ruleLine = /^\s*"?(?:groups|spec|items)"?\s*:/m;

/** Answers of other addresses are the likeliest mistake. */
function whatItIs(body: unknown): string {
  if (typeof body !== 'object' || body === null) return `${body === null ? 'null' : `a ${typeof body}`}`;
  if ('labels' in body) return 'one alert: put it in brackets, [ … ]';
  const keys = Object.keys(body).slice(0, 5).join(', ');
  return keys === '' ? 'an empty object' : `an object with ${keys}, but neither "alerts" nor "groups"`;
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

/** undefined: not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
