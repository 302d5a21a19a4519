import type { Alert } from '../alerts/alert.ts';
import type { AlertingRule } from './rules.ts';

/** As serve would receive it; the time and the fingerprint decide nothing. */
export const alertOf = (
  { sender, annotations }: Pick<AlertingRule, 'sender' | 'annotations'>,
  labels: Alert['labels'],
): Alert => ({
  source: 'coverage',
  sender,
  fingerprint: '',
  status: 'firing',
  startsAt: '2000-01-01T00:00:00.000Z',
  endsAt: null,
  labels,
  annotations,
  generatorUrl: '',
  panelUrl: '',
  dashboardUrl: '',
});
