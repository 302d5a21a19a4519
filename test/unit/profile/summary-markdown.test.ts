import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  escapeMarkdown,
  summaryMarkdown,
  type MarkdownInput,
} from '../../../src/profile/answer/summary-markdown.ts';

const input: MarkdownInput = {
  title: 'HighLatency checkout',
  target: 'pod checkout-7d9f-x2x',
  startedAt: '2026-01-06T02:14:07.300Z',
  durationSeconds: 30,
  answer: {
    headline: 'wall: 61% waiting in HikariPool.getConnection',
    confidence: 'certain',
    lines: ['Idle threads (80% of all wall samples) are left out.'],
    topFrames: [],
    samples: 1676,
  },
  topFrames: [{ event: 'wall', frames: [{ name: 'com.acme.shop.Orders.find', share: 0.61 }] }],
  comparison: {
    baseLabel: 'baseline Tue 14:00',
    event: 'wall',
    changed: [
      {
        frame: 'com.acme.shop.Orders.find',
        event: 'wall',
        kind: 'application',
        baseShare: 0.03,
        currentShare: 0.61,
        deltaShare: 0.58,
        deltaShareLow: 0.54,
        deltaShareHigh: 0.62,
        baseCores: 0.3,
        currentCores: 9.1,
        deltaCoresLow: 8.2,
        deltaCoresHigh: 9.4,
        change: 'more',
        significant: true,
        mostly: null,
        calledBy: null,
      },
    ],
  },
  labels: { uri: '/checkout', alertname: 'HighLatency' },
  links: [{ text: 'flame graph', url: 'https://flamepin.example.com/captures/c-1' }],
};

describe('a capture for a chat channel', () => {
  it('has the sentence, the window, what changed, the frames, the labels and the links', () => {
    assert.equal(
      summaryMarkdown(input),
      [
        '**wall: 61% waiting in HikariPool.getConnection** (certain)',
        '',
        'HighLatency checkout · pod checkout-7d9f-x2x · 2026-01-06 02:14:07–02:14:37 UTC · 1676 samples',
        '',
        '- Idle threads (80% of all wall samples) are left out.',
        '',
        '| What changed (wall, vs baseline Tue 14:00) | | now | before | share | rate |',
        '|---|---|--:|--:|---|---|',
        '| com.acme.shop.Orders.find | more | 61% | 3% | +58 ±4 pp | 0.30 → 9.10 threads (+8.20 to +9.40) |',
        '',
        'more: its rate rose.',
        '',
        '| Widest in wall | share |',
        '|---|--:|',
        '| com.acme.shop.Orders.find | 61% |',
        '',
        'alertname="HighLatency" · uri="/checkout"',
        '',
        '[flame graph](https://flamepin.example.com/captures/c-1)',
        '',
      ].join('\n'),
    );
  });

  it('without a comparison, a target or links leaves them out', () => {
    const text = summaryMarkdown({
      ...input,
      comparison: null,
      target: '',
      startedAt: null,
      links: [],
      topFrames: [],
    });
    assert.ok(
      !text.includes('What changed') &&
        !text.includes('](') &&
        text.includes('HighLatency checkout · 30 s ·'),
    );
  });
});

describe('hostile text stays text', () => {
  const hostile: Record<string, string> = {
    'a link': '[click](https://evil.example)',
    'an image': '![x](https://evil.example/x.png)',
    'a bare address': 'https://evil.example www.evil.example',
    HTML: '<img src=x onerror=alert(1)>&amp;',
    'a table': 'a | b',
    'code and emphasis': '`x` *y* _z_ ~~w~~',
    'a mention': '@channel @here',
    'lines of its own': 'a\n\n# heading\r\n- list\u2028x',
    'a backslash before an escape': '\\*x\\*',
  };
  for (const [what, text] of Object.entries(hostile)) {
    it(what, () => {
      const escaped = escapeMarkdown(text);
      assert.ok(!/(?<!\\)[`*_[\]|~]|<|>|:\/\/|@\w|www\.|[\n\r\u2028]/.test(escaped), escaped);
    });
  }

  it('links lead only to http addresses, and cannot be escaped from', () => {
    const text = summaryMarkdown({
      ...input,
      links: [
        { text: 'bad', url: 'javascript:alert(1)' },
        { text: 'worse](x)', url: 'https://flamepin.example.com/a) [b](c' },
      ],
    });
    assert.ok(!text.includes('javascript'));
    assert.ok(text.endsWith('[worse\\](x)](https://flamepin.example.com/a%29%20[b]%28c)\n'), text);
  });
});
