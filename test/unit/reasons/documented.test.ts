import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { reasons } from '../../../src/reasons/reasons.ts';

const page = join(import.meta.dirname, '../../../docs/reasons.md');

/** docs/reasons.md, made from the list that the code uses. */
function documented(): string {
  const rows = Object.entries(reasons).map(
    ([code, { sentence, remedy, retryable }]) =>
      `| \`${code}\` | ${sentence} | ${remedy} | ${retryable ? 'yes' : 'no'} |`,
  );
  return `# Reasons

Why an alert was not profiled, a capture was skipped or failed, or its mark is not on the panel. Pages, annotations,
\`flamepin explain\` and the log use the same codes and sentences; metrics have the code as the label \`reason\`. A code is
never renamed. The last column says whether flamepin tries again by itself.

| code | what happened | what to do | tries again |
|---|---|---|---|
${rows.join('\n')}
`;
}

describe('docs/reasons.md', () => {
  it('lists every reason with its remedy, as the code has them', () => {
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(page, documented());
    assert.equal(readFileSync(page, 'utf8'), documented(), 'UPDATE_GOLDEN=1 npm run test:unit rewrites it');
  });

  it('says in every sentence what happened, and in every remedy what to do', () => {
    for (const [code, { sentence, remedy }] of Object.entries(reasons)) {
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      assert.match(sentence, /\.$/, code);
      assert.ok(remedy.length > 10 && remedy.endsWith('.'), code);
    }
  });
});
