import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { exported } from '../../../src/profile/export/exported.ts';
import type { Profile, ProfileEvent } from '../../../src/profile/profile.ts';
import { readProfile } from '../../../src/profile/reading/read-profile.ts';
import { CollapsedReader } from '../../../src/profile/reading/read-collapsed.ts';

const recordings = new URL('../../fixtures/recordings/', import.meta.url);
const read = (name: string): Profile =>
  readProfile(gunzipSync(readFileSync(new URL(`${name}.jfr.gz`, recordings))));
const sum = (column: readonly number[]): number => column.reduce((a, b) => a + b, 0);
const shop = read('shop-regression');
const jdk = read('jdk-17');

function folded(text: string): Profile {
  const reader = new CollapsedReader();
  reader.push(Buffer.from(text));
  return reader.profile('cpu');
}

describe("Grafana's flame graph frame", () => {
  interface Frame {
    schema: { fields: { name: string; type: string; config?: { unit: string } }[] };
    data: { values: [level: number[], value: number[], self: number[], label: string[]] };
  }
  const frame = (profile: Profile, event: ProfileEvent) =>
    JSON.parse(exported(profile, event, 'grafana', 'shop') as string) as Frame;

  it('is a nested set: each node holds its own weight and that of the deeper ones that follow it', () => {
    for (const event of ['cpu', 'wall', 'alloc', 'lock'] as const) {
      const { schema, data } = frame(shop, event);
      assert.deepEqual(
        schema.fields.map(({ name, type }) => `${name}: ${type}`),
        ['level: number', 'value: number', 'self: number', 'label: string'],
      );
      const [level, value, self, label] = data.values;
      assert.equal(label[0], 'total');
      assert.equal(value[0], sum(shop.events[event]!.samples.value));
      assert.equal(sum(self), value[0]);
      level.forEach((depth, at) => {
        assert.ok(at === 0 ? depth === 0 : depth >= 1 && depth <= level[at - 1]! + 1);
        let inside = self[at]!;
        for (let next = at + 1; next < level.length && level[next]! > depth; next++)
          if (level[next] === depth + 1) inside += value[next]!;
        assert.ok(Math.abs(inside - value[at]!) < 1e-6 * value[0]!, `${event}: ${label[at]}`);
      });
    }
  });

  it('says what its numbers are of', () => {
    const unitOf = (profile: Profile, event: ProfileEvent) =>
      frame(profile, event).schema.fields[1]?.config?.unit;
    assert.equal(unitOf(shop, 'cpu'), 'ns');
    assert.equal(unitOf(shop, 'alloc'), 'bytes');
    // Nothing says what one of these stands for.
    assert.equal(unitOf(jdk, 'cpu'), 'short');
    assert.equal(unitOf(folded('a;b 1.5\n'), 'cpu'), 'short');
  });

  it('of folded stacks is their tree', () => {
    const { data } = frame(folded('main;a;b 3\nmain;a 1\nmain;c 6\n'), 'cpu');
    assert.deepEqual(data.values, [
      [0, 1, 2, 2, 3],
      [10, 10, 6, 4, 3],
      [0, 0, 6, 1, 3],
      ['total', 'main', 'c', 'a', 'b'],
    ]);
  });
});

describe("speedscope's file", () => {
  /** The part of speedscope's published schema that sampled profiles use, in our own words. */
  const isSpeedscope = new Ajv2020().compile({
    type: 'object',
    required: ['$schema', 'shared', 'profiles'],
    properties: {
      $schema: { const: 'https://www.speedscope.app/file-format-schema.json' },
      name: { type: 'string' },
      exporter: { type: 'string' },
      activeProfileIndex: { type: 'number' },
      shared: {
        type: 'object',
        required: ['frames'],
        properties: {
          frames: {
            type: 'array',
            items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
          },
        },
      },
      profiles: {
        type: 'array',
        items: {
          type: 'object',
          required: ['type', 'name', 'unit', 'startValue', 'endValue', 'samples', 'weights'],
          properties: {
            type: { const: 'sampled' },
            name: { type: 'string' },
            unit: { enum: ['bytes', 'microseconds', 'milliseconds', 'nanoseconds', 'none', 'seconds'] },
            startValue: { type: 'number' },
            endValue: { type: 'number' },
            samples: { type: 'array', items: { type: 'array', items: { type: 'integer', minimum: 0 } } },
            weights: { type: 'array', items: { type: 'number', minimum: 0 } },
          },
        },
      },
    },
  });
  interface File {
    activeProfileIndex: number;
    shared: { frames: { name: string }[] };
    profiles: { name: string; unit: string; endValue: number; samples: number[][]; weights: number[] }[];
  }

  it('holds each event, and what its stacks weigh', () => {
    const file = JSON.parse(exported(shop, 'wall', 'speedscope', 'shop') as string) as File;
    const isValid: boolean = isSpeedscope(file);
    assert.ok(isValid, JSON.stringify(isSpeedscope.errors));
    assert.deepEqual(
      file.profiles.map(({ name, unit }) => `${name} ${unit}`),
      ['cpu nanoseconds', 'wall nanoseconds', 'alloc bytes', 'lock nanoseconds'],
    );
    assert.equal(file.profiles[file.activeProfileIndex]?.name, 'wall');
    for (const { name, endValue, samples, weights } of file.profiles) {
      assert.equal(samples.length, weights.length);
      assert.equal(sum(weights), endValue);
      assert.equal(endValue, sum(shop.events[name as ProfileEvent]!.samples.value));
      assert.ok(samples.flat().every((frame) => file.shared.frames[frame] !== undefined));
    }
    assert.ok(file.shared.frames.some(({ name }) => name === 'shop.Shop$RuleSet.scan'));
  });

  it('counts samples where nothing says what one stands for', () => {
    const file = JSON.parse(exported(jdk, 'cpu', 'speedscope', 'jdk') as string) as File;
    assert.equal(file.profiles[0]?.unit, 'none');
    assert.equal(file.profiles[0].endValue, sum(jdk.events.cpu!.samples.count));
  });
});
