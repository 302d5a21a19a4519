import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanUpScript, collectScript, listScript, startScript } from '../../../src/profiler/script.ts';
import { stepsOf } from '../../../src/profiler/steps.ts';
import { wantedFrom } from '../../../src/alerts/labels.ts';
import { findPods } from '../../../src/targets/kubernetes/choice/find-pods.ts';
import { firstQuestions } from '../../../src/targets/kubernetes/choice/first-questions.ts';
import { shopCluster } from '../../given/shop-cluster.ts';
import { strictCluster } from '../../given/strict-cluster.ts';

describe('explain --offline names', () => {
  for (const namespaces of [null, ['shop', 'other']])
    for (const labels of [
      { namespace: 'shop', pod: 'web-1' },
      { pod: 'web-1' },
      { namespace: 'shop', deployment: 'web' },
      { workload: 'web', instance: '10.0.0.7:8080' },
      { namespace: 'shop', horizontalpodautoscaler: 'web' },
      { instance: '10.0.0.7:8080' },
      { service_instance_id: 'web-1', 'service.name': 'web' },
      { service: 'web', app_kubernetes_io_name: 'shop-web' },
      { deployment: 'shop.war', job: 'shop/web' },
      { namespace: 'shop', cronjob: 'report' },
    ] as Record<string, string>[])
      it(`what a cluster is asked that has nothing: ${JSON.stringify(labels)}, ${namespaces?.length ?? 'all'} namespaces`, async () => {
        await using cluster = await strictCluster([]);
        const wanted = wantedFrom(labels);
        await assert.rejects(findPods(cluster.cluster, wanted, namespaces));
        const { questions, refusal } = await firstQuestions(wanted, namespaces);
        assert.deepEqual(questions, cluster.requests);
        assert.notEqual(questions.length, 0);
        assert.equal(refusal, null);
      });

  it('what a cluster is asked first that has the pods', async () => {
    await using cluster = await shopCluster({ pods: [{ name: 'a' }], settings: { namespaces: ['shop'] } });
    await cluster.resolve({ deployment: 'web' });
    const { questions } = await firstQuestions(wantedFrom({ namespace: 'shop', deployment: 'web' }), [
      'shop',
    ]);
    assert.equal(questions[0], `GET ${cluster.asked[0] ?? ''}`);
  });

  it('the refusal, where it is certain without a question', async () => {
    for (const [labels, code] of [
      [{ horizontalpodautoscaler: 'web' }, 'target-ambiguous'],
      [{ namespace: 'shop', service: 'a,b=c' }, 'target-not-found'],
      [{ severity: 'critical' }, 'no-target-labels'],
    ] as [Record<string, string>, string][]) {
      const { questions, refusal } = await firstQuestions(wantedFrom(labels), null);
      assert.deepEqual([questions, refusal?.code], [[], code]);
    }
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
