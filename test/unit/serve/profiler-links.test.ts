import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noMapping } from '../../../src/alerts/label-mapping.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import type { Link } from '../../../src/profile/link.ts';
import { profilerLinks } from '../../../src/serve/profiler-links.ts';
import { capturing, finished } from '../../given/capture.ts';

const windowStart = Date.UTC(2026, 10, 23, 2, 14, 7);
const templates = [
  {
    name: 'Pyroscope',
    url: 'https://pyroscope.example.com/?query={workload}&pod={pod}&from={fromSeconds}&until={toSeconds}',
  },
  { name: 'Datadog', url: 'https://app.example.com/profiling?ns={namespace}&from={fromMilliseconds}' },
];

const linksOf = (capture: Capture, labels = noMapping): Link[] =>
  profilerLinks(capture, { links: templates, labels });

describe('links to a continuous profiler', () => {
  it('open the capture’s window and the pod that was profiled', () => {
    assert.deepEqual(linksOf(finished(capturing({}, windowStart))), [
      {
        text: 'Pyroscope',
        url: 'https://pyroscope.example.com/?query=checkout&pod=checkout-7d9f-x2x&from=1795400047&until=1795400077',
      },
      { text: 'Datadog', url: 'https://app.example.com/profiling?ns=shop&from=1795400047000' },
    ]);
  });

  it('open the minutes around the alert, by its labels, when there was no window', () => {
    const waiting = capturing({ target: null }, windowStart);
    const { timeline, alert } = waiting;
    const refused = {
      ...waiting,
      state: 'skipped' as const,
      reason: { code: 'deadline-passed' as const, detail: '' },
      timeline: { ...timeline, startedAt: null, firstSampleAt: null },
    };
    const alertStart = Date.parse(alert.startsAt) / 1000;
    assert.deepEqual(
      linksOf(refused)
        .slice(0, 1)
        .map(({ url }) => url),
      [
        `https://pyroscope.example.com/?query=&pod=checkout-7d9f-x2x&from=${alertStart - 300}&until=${alertStart + 300}`,
      ],
    );
  });

  it('name what the configuration makes of the labels, and what the route fixes', () => {
    const refused = capturing({ target: null }, windowStart);
    refused.alert.labels = { team: 'crm', svc: 'billing' };
    const team = { ...noMapping, namespace: [{ label: 'team', pattern: null, value: '$0' }] };
    assert.match(linksOf(refused, team)[1]?.url ?? '', /ns=crm&/);
    const fixed = { ...refused.request.target, fixed: { namespace: 'shop', deployment: 'web' } };
    const [first, second] = linksOf({ ...refused, request: { ...refused.request, target: fixed } }, team);
    assert.match(first?.url ?? '', /query=web&/);
    assert.match(second?.url ?? '', /ns=shop&/);
  });

  it('carry labels as values only, whatever they hold', () => {
    const capture = capturing({ target: null }, windowStart);
    capture.alert.labels = { namespace: 'a&b=c#"><script>', pod: 'x/../y?z' };
    for (const { url } of linksOf(capture)) {
      assert.match(url, /^https:\/\/(pyroscope|app)\.example\.com\/(profiling)?\?/);
      assert.doesNotMatch(url, /[<>"#]|&b=/);
    }
  });

  it('do not exist without templates', () =>
    assert.deepEqual(profilerLinks(capturing(), { links: [], labels: noMapping }), []));
});
