import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { rightsFor, type Right } from '../../../src/targets/kubernetes/connection/rights.ts';

const page = readFileSync(new URL('../../../docs/kubernetes.md', import.meta.url), 'utf8');

/** `deployments get rbac.workloads` for each right of the table; the last row is about the cluster as a whole. */
const documented = page
  .split('\n')
  .filter((line) => /^\| [a-z0-9., /]+: [a-z, ]+ +\|/.test(line))
  .flatMap((line) => {
    const [, right = '', , switches = ''] = line.split('|').map((cell) => cell.trim());
    const [resources = '', verbs = ''] = right.split(': ');
    const [, value = ''] = /(rbac\.[a-zA-Z]+)/.exec(switches) ?? [];
    return resources
      .split(', ')
      .flatMap((resource) => verbs.split(', ').map((verb) => `${resource} ${verb} ${value}`));
  });

const words = ({ group, resource, subresource, verb, switch: value }: Right): string => {
  const part = subresource === undefined ? '' : `/${subresource}`;
  const of = group === 'metrics.k8s.io' ? ` of ${group}` : '';
  return `${resource}${part}${of} ${verb} ${value}`;
};

describe('doctor checks', () => {
  it('each right that the documentation names, and no other', () => {
    const all = rightsFor({ namespaces: ['shop'], ephemeral: {} }).map(words);
    assert.equal(all.length, 12);
    assert.deepEqual(all.sort(), documented.sort());
  });

  it('in every namespace, the lists that locate a workload', () => {
    const more = rightsFor({}).filter(
      ({ verb, switch: value }) => verb === 'list' && value === 'rbac.workloads',
    );
    assert.deepEqual(
      more.map(({ resource }) => resource),
      ['deployments', 'statefulsets', 'daemonsets', 'replicasets', 'jobs'],
    );
  });

  it('optional rights, unless an enabled feature needs them', () => {
    const needed = (settings: Parameters<typeof rightsFor>[0]) =>
      rightsFor({ namespaces: ['shop'], ...settings }).filter(({ without }) => without === '').length;
    assert.equal(needed({}), 4);
    assert.equal(needed({ ephemeral: {} }), 5);
    assert.equal(needed({ protectOnlyReplica: true }), 8);
  });
});
