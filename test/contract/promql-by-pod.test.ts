import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { byPod } from '../../src/targets/kubernetes/choice/by-pod.ts';
import { narrowedTo } from '../../src/targets/kubernetes/choice/narrow-query.ts';
import { podLabelSchemes, type PodLabels } from '../../src/targets/kubernetes/choice/pod-labels.ts';
import { pod } from '../given/pod.ts';
import { ruleExpressions, type RuleExpression } from '../given/rule-expressions.ts';

const run = promisify(execFile);
const pods = [
  pod({ name: 'checkout-7d9f-x2x4z', status: { podIP: '10.42.3.17' } }),
  pod({ name: 'checkout-7d9f-q4k7p', status: { podIP: 'fd00::17' } }),
];

/** Whatever would be asked for these rules, by pods that are named in this way. */
function queriesOf(rules: readonly RuleExpression[], scheme?: PodLabels): string[] {
  return rules.flatMap(({ expression }) => {
    const split = byPod(expression, scheme);
    return [split?.query ?? null, split?.unconditional ?? null]
      .filter((query) => query !== null)
      .flatMap((query) => [query, ...narrowedTo(pods, query, scheme)]);
  });
}

describe('the queries made from alert expressions', () => {
  let directory = '';
  before(async () => {
    execFileSync('sh', [join(import.meta.dirname, '../setup/debian.sh'), 'prometheus'], { stdio: 'inherit' });
    directory = await mkdtemp(join(tmpdir(), 'flamepin-promql-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function check(queries: readonly string[]): Promise<void> {
    const rules = queries.map((expr, at) => ({ record: `by_pod:${at}`, expr }));
    const file = join(directory, 'rules.yaml');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'by_pod', rules }] }));
    const { stdout } = await run('promtool', ['check', 'rules', file]);
    assert.match(stdout, new RegExp(`SUCCESS: ${queries.length} rules found`));
  }

  it('are PromQL to Prometheus itself', async () => {
    const queries = queriesOf(ruleExpressions.filter(({ utf8 }) => utf8 !== true));
    assert.ok(queries.length > 150, `${queries.length} queries`);
    await check(queries);
  });

  for (const scheme of podLabelSchemes.slice(1).filter((each) => !each.pod.includes('.')))
    it(`so are those for series that name their pod by ${scheme.pod}`, () =>
      check(
        queriesOf(
          ruleExpressions.filter(({ utf8 }) => utf8 !== true),
          scheme,
        ),
      ));

  it('and to Prometheus 3, with names in quotes too', async () => {
    const program = join(directory, 'promql-parser');
    const script = join(import.meta.dirname, '../setup/promql-parser/build.sh');
    await run('sh', [script, program], { timeout: 600_000 });
    const queries = podLabelSchemes.flatMap((scheme) => queriesOf(ruleExpressions, scheme));
    const asked = execFileSync(program, {
      input: [...queries, 'sum by (pod (x)'].map((query) => `${JSON.stringify(query)}\n`).join(''),
      encoding: 'utf8',
    });
    const answers = asked.trimEnd().split('\n');
    for (const [at, query] of queries.entries()) assert.equal(answers[at], 'ok', query);
    assert.match(answers.at(-1) ?? '', /parse error/, 'a broken one is refused');
  });

  it('and Prometheus would have refused a broken one', () =>
    assert.rejects(check(['sum by (pod (x)']), /could not parse expression/));
});
