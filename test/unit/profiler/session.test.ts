import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFacts } from '../../../src/profiler/facts.ts';
import { sessionOf } from '../../../src/profiler/start-answer.ts';
import { sessionSchema } from '../../../src/profiler/session.ts';

const captureId = `c-${'0'.repeat(26)}`;
const honest: Readonly<Record<string, string>> = {
  pid: '4711',
  ticks: '123456',
  boot: '0f9c1c52-1b1e-4c2e-8a53-3b6f0a1d2e3f',
  choice: 'the only JVM there',
  clock: '1795399748044833011',
  recording: `/tmp/flamepin-${captureId}/recording.jfr`,
  leftover: `/tmp/flamepin-${captureId}`,
  'check.state': 'process 4711 is in state S',
  'cpu.usage_usec': '5000000',
  started: '1',
};

describe("a target's answer to the start", () => {
  const answerWith = (change: Readonly<Record<string, string>>) => {
    const lines = Object.entries({ ...honest, ...change }).map(([key, value]) => `${key}=${value}`);
    const facts = readFacts(lines.join('\n'));
    return sessionOf({ facts, stderr: '', sentAt: 1, receivedAt: 2 }, captureId, null);
  };

  it('is taken as it is when it is honest', () => {
    const { session } = answerWith({});
    assert.deepEqual([session.pid, session.startTicks], [4711, '123456']);
    assert.deepEqual(sessionSchema.parse(JSON.parse(JSON.stringify(session))), session);
  });

  for (const [field, value] of [
    ['pid', '5.5'],
    ['pid', '1e3'],
    ['pid', '0'],
    ['pid', '9'.repeat(400)],
    ['ticks', '12; rm -rf /'],
    ['ticks', ''],
    ['boot', 'x'.repeat(36)],
    ['recording', '/etc/shadow'],
    ['recording', `/tmp/flamepin-c-${'1'.repeat(26)}/recording.jfr`],
    ['choice', 'x'.repeat(100_000)],
    ['check.state', 'x'.repeat(100_000)],
  ] as const)
    it(`is refused when its ${field} is ${value.slice(0, 40)}`, () => {
      assert.throws(() => answerWith({ [field]: value }), { code: 'answer-malformed' });
    });

  it('ignores a cpu.stat of 400 digits', () => {
    assert.equal(answerWith({ 'cpu.usage_usec': '9'.repeat(400) }).session.cpuStat, null);
  });
});
