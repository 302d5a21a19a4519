import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRights } from '../../src/targets/kubernetes/connection/check-rights.ts';
import { chartAccount } from './chart-account.ts';
import { testNamespace } from './test-namespace.ts';

describe('doctor, with the rights that the chart gives', () => {
  for (const [left, count] of [
    ['nothing', 0],
    ['workloads', 4],
    ['autoscalers', 1],
    ['services', 1],
    ['metrics', 1],
  ] as const)
    it(`and ${left} left out, passes and says what is lost without it`, async () => {
      await using namespace = await testNamespace(`doctor-${left}`);
      const { name } = namespace;
      const account = await chartAccount(namespace, {
        targetNamespaces: [name],
        rbac: left === 'nothing' ? {} : { [left]: false },
        secrets: [{ key: 'sources.alertmanager.bearerTokenFile', secretName: 'x', secretKey: 'y' }],
      });
      try {
        const checks = await checkRights(account.api, { namespaces: [name] }, AbortSignal.timeout(30_000));
        assert.equal(checks.length, 11);
        assert.deepEqual(
          checks.filter(({ ok }) => !ok),
          [],
        );
        const without = checks.filter(({ detail }) => detail !== '');
        assert.equal(without.length, count);
        for (const { detail } of without)
          assert.match(detail, new RegExp(`^not granted: .* \\(rbac\\.${left}\\)$`));
      } finally {
        await account.remove();
      }
    });
});
