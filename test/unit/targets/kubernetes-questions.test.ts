import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanUpScript, collectScript, listScript, startScript } from '../../../src/profiler/script.ts';
import { stepsOf } from '../../../src/profiler/steps.ts';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { questionsFor } from '../../../src/targets/kubernetes/choice/questions.ts';
import { shopCluster } from '../../given/shop-cluster.ts';

describe('explain names in advance', () => {
  const pods = [{ name: 'a' }, { name: 'b' }];
  const settings = { namespaces: ['shop'], protectOnlyReplica: true };
  const asking = (labels: Record<string, string>) =>
    questionsFor(wantedFrom({ namespace: 'shop', ...labels }), settings);

  for (const labels of [{ pod: 'a' }, { deployment: 'web' }, { service: 'web-entry' }] as Record<
    string,
    string
  >[])
    it(`whatever the API server is asked for an alert with ${Object.keys(labels).join()}`, async () => {
      await using cluster = await shopCluster({ pods, cores: { a: '1', b: '2' }, settings });
      await cluster.resolve(labels);
      const told = asking(labels).map(patternOf);
      for (const asked of cluster.asked)
        assert.ok(
          told.some((each) => each.test(asked)),
          `${asked} is not in\n${asking(labels).join('\n')}`,
        );
    });

  it('how an autoscaler, an address and a guessed pod are searched for', () => {
    const first = (labels: Record<string, string>) => asking(labels)[0];
    assert.match(first({ horizontalpodautoscaler: 'web' }) ?? '', /^GET .*\/horizontalpodautoscalers\/web$/);
    assert.match(first({ instance: '10.0.0.7:8080' }) ?? '', /pods\?fieldSelector=status.podIP=10.0.0.7$/);
    assert.match(first({ service_instance_id: 'web-1' }) ?? '', /pods\?fieldSelector=metadata.name=web-1$/);
    assert.deepEqual(questionsFor(wantedFrom({}), {}), []);
  });

  it('who is asked for the expression of an alert, and where it is evaluated', () => {
    const where = {
      prometheus: { url: 'http://p/prometheus', rulesUrl: 'http://vmalert' },
      grafana: { url: 'http://g' },
    };
    const wanted = wantedFrom({ namespace: 'shop', deployment: 'web' });
    const urls = questionsFor(wanted, where).flatMap((each) => /http:\/\/[^ ,?]+/.exec(each) ?? []);
    assert.deepEqual(urls, [
      'http://vmalert/api/v1/rules',
      'http://p/prometheus/api/v1/query',
      'http://g/api/ruler/grafana/api/v1/rule/UID',
      'http://g/api/datasources/proxy/uid/UID/api/v1/query',
    ]);
    assert.ok(!questionsFor(wantedFrom({ pod: 'a' }), where).some((each) => each.includes('http://')));
  });

  it('each script with as many parameters as it has', () => {
    const scripts = {
      list: listScript,
      start: startScript,
      collect: collectScript,
      'clean-up': cleanUpScript,
    };
    for (const candidates of ['PID', 'PIDS', 'any'] as const)
      for (const step of stepsOf({ durationSeconds: 30, candidates })) {
        const [, name = '', parameters = ''] = /^sh -c ([a-z-]+)\.sh flamepin ?([^<]*)/.exec(step) ?? [];
        const script = scripts[name as keyof typeof scripts];
        assert.equal(
          parameters.split(' ').filter((word) => word !== '').length,
          script.parameters.length,
          step,
        );
      }
  });
});

/** `GET /…/POD?labelSelector=SELECTOR, in words` → what fits it: capitals stand for anything. */
function patternOf(question: string): RegExp {
  const [path = ''] = question.replace(/^GET /, '').split(/[ ,]/);
  const pattern = path.replaceAll(/[.?+]/g, '\\$&').replaceAll(/\b[A-Z]{3,}\b/g, '[^/]+');
  return new RegExp(`^${pattern}(?:[&,].*)?$`);
}
