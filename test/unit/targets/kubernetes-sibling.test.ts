import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kubernetesApi } from '../../../src/targets/kubernetes/connection/api.ts';
import {
  eligibleSiblings,
  typical,
  type SiblingCriteria,
} from '../../../src/targets/kubernetes/choice/choose-sibling.ts';
import { worstFirst } from '../../../src/targets/kubernetes/choice/measure-by-expression.ts';
import type { Pod } from '../../../src/targets/kubernetes/connection/objects.ts';
import { podTargets } from '../../../src/targets/kubernetes/targets.ts';
import type { Target, TargetRequest } from '../../../src/captures/target.ts';
import { fakeApiServer, type FakeApiServer } from '../../cluster/fake-apiserver.ts';
import { pod } from '../../given/pod.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const began = '2026-01-02T00:00:00Z';

interface Given {
  name: string;
  node?: string;
  image?: string;
  started?: string;
  ready?: boolean;
  annotations?: Record<string, string>;
  deleted?: boolean;
  /** uid of its ReplicaSet. */
  revision?: string;
}

const podOf = (given: Given): Pod =>
  pod({
    name: given.name,
    node: given.node ?? 'n2',
    ready: given.ready ?? true,
    started: given.started ?? '2026-01-01T00:00:00Z',
    imageID: `registry/shop@${given.image ?? digest('1')}`,
    metadata: {
      uid: `uid of ${given.name}`,
      labels: { app: 'checkout', 'pod-template-hash': '7d9f' },
      annotations: given.annotations ?? {},
      ownerReferences: [
        { kind: 'ReplicaSet', name: 'checkout-7d9f', uid: given.revision ?? 'rs', controller: true },
      ],
      ...(given.deleted === true && { deletionTimestamp: began }),
    },
  });

const ill = podOf({ name: 'ill', node: 'n1' });

describe('a pod can be profiled beside the alerting one', () => {
  const names = (given: Given[], change: Partial<SiblingCriteria> = {}, requireOptIn = false): string[] =>
    eligibleSiblings(
      [ill, ...given.map(podOf)],
      { target: ill, image: digest('1'), alertStartsAt: began, protectOnlyReplica: false, ...change },
      () => 'app',
      { requireOptIn, workload: () => undefined },
    ).map(({ metadata }) => metadata.name);

  it('when it is ready, runs the same image and existed when the alert began', () => {
    assert.deepEqual(names([{ name: 'good' }]), ['good']);
    assert.deepEqual(names([]), []);
    assert.deepEqual(names([{ name: 'unready', ready: false }]), []);
    assert.deepEqual(names([{ name: 'newer', image: digest('2') }]), []);
    assert.deepEqual(names([{ name: 'restarted', started: '2026-01-02T00:01:00Z' }]), []);
    assert.deepEqual(names([{ name: 'ending', deleted: true }]), []);
    assert.deepEqual(names([{ name: 'good' }], { image: null }), [], 'no image is known to be the same');
  });

  it('also by hand, when the start of the trouble is unknown', () => {
    const young = { name: 'young', started: '2026-01-02T00:01:00Z' };
    assert.deepEqual(names([young], { alertStartsAt: null }), ['young']);
  });

  it('unless its owner opted out, or did not opt in where that is required', () => {
    const says = (word: string) => ({ name: word, annotations: { 'flamepin.io/profile': word } });
    assert.deepEqual(names([says('deny')]), []);
    assert.deepEqual(names([{ name: 'silent' }, says('allow')], {}, true), ['allow']);
  });

  it('preferably on another node', () => {
    const here = { name: 'here', node: 'n1' };
    assert.deepEqual(names([here, { name: 'there' }]), ['there']);
    assert.deepEqual(names([here]), ['here']);
  });

  it('only while another ready one serves, where the only replica is protected', () => {
    const protectOnlyReplica = true;
    assert.deepEqual(names([{ name: 'a' }], { protectOnlyReplica }), []);
    assert.deepEqual(names([{ name: 'a' }, { name: 'b' }], { protectOnlyReplica }), ['a', 'b']);
    const unready = { name: 'unready', ready: false };
    assert.deepEqual(names([{ name: 'a' }, unready], { protectOnlyReplica }), []);
  });
});

describe('the typical one of the others', () => {
  const chosen = (values: number[], largest = true): number | undefined => {
    const measured = values.map((value, position) => ({ pod: podOf({ name: `p${position}` }), value }));
    return typical(worstFirst(measured, largest))?.value;
  };

  it('is the median; of an even number, the healthier one', () => {
    assert.equal(chosen([2, 9]), 2);
    assert.equal(chosen([0, 3, 9]), 3, 'neither another ill one nor an idle one');
    assert.equal(chosen([0, 2, 3, 9]), 2);
    assert.equal(chosen([0.2, 0.9], false), 0.9, 'an alert on what is too low');
    assert.equal(chosen([4]), 4);
    assert.equal(chosen([]), undefined);
  });
});

describe('the sibling of a target', () => {
  const request: TargetRequest = { labels: {}, startsAt: began, generatorUrl: '' };
  const others = [podOf({ name: 'busy' }), podOf({ name: 'calm' }), podOf({ name: 'idle' })];
  const strange = podOf({ name: 'strange', revision: 'other' });
  const cores: Record<string, string> = { ill: '2', busy: '1500m', calm: '400m', idle: '5m', strange: '1' };

  interface Asked extends AsyncDisposable {
    sibling(target: Target): Promise<Target | null>;
    resolve(name: string): Promise<Target>;
    paths: string[];
  }

  async function shop(metrics: boolean): Promise<Asked> {
    const paths: string[] = [];
    const all = [ill, ...others, strange];
    const answerTo = (url: URL): unknown => {
      const named = all.find(({ metadata }) => url.pathname === `${podsPath}/${metadata.name}`);
      if (named !== undefined) return named;
      if (url.pathname === podsPath && url.searchParams.get('labelSelector') === 'pod-template-hash=7d9f')
        return { items: all };
      if (metrics && url.pathname.startsWith('/apis/metrics.k8s.io/'))
        return {
          items: all.map(({ metadata: { name } }) => ({
            metadata: { name },
            containers: [{ name: 'app', usage: { cpu: cores[name] } }],
          })),
        };
      return undefined;
    };
    const podsPath = '/api/v1/namespaces/shop/pods';
    const fake: FakeApiServer = await fakeApiServer({
      request: (asked, response) => {
        const url = new URL(asked.url ?? '/', 'http://server');
        paths.push(url.pathname);
        const body = answerTo(url);
        response.statusCode = body === undefined ? 404 : 200;
        response.end(JSON.stringify(body ?? { kind: 'Status', code: 404 }));
      },
    });
    const settings = { protectOnlyReplica: false, requireOptIn: false };
    const targets = podTargets(kubernetesApi(fake.access), settings);
    const signal = AbortSignal.timeout(10_000);
    return {
      paths,
      resolve: (name) => targets.resolve({ ...request, labels: { namespace: 'shop', pod: name } }, signal),
      sibling: (target) => targets.sibling?.(target, request, signal) ?? Promise.resolve(null),
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    };
  }

  it('is found for a pod that the alert names, by reading only pods and their workload', async () => {
    await using asked = await shop(true);
    const target = await asked.resolve('ill');
    const sibling = await asked.sibling(target);
    assert.equal(sibling?.name, 'calm', sibling?.choice);
    assert.equal(sibling?.choice, 'sibling: typical of 3 other pods by CPU: 0.4 cores');
    assert.equal(sibling?.workload, target.workload);
    assert.equal(sibling?.image, target.image);
    assert.deepEqual(
      asked.paths.filter((path) => !/\/pods(\/ill|\/calm)?$|\/deployments\/checkout$/.test(path)),
      [],
    );
  });

  it('is the first by name where nothing distinguishes them', async () => {
    await using asked = await shop(false);
    const sibling = await asked.sibling(await asked.resolve('ill'));
    assert.deepEqual([sibling?.name, sibling?.choice], ['busy', 'sibling: first by name of 3 other pods']);
  });

  it('does not exist once the target was replaced', async () => {
    await using asked = await shop(true);
    const target = await asked.resolve('ill');
    assert.equal(await asked.sibling({ ...target, data: { ...target.data, uid: 'before' } }), null);
  });
});
