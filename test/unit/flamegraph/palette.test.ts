import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changePaint, kindPaint, legend, type Paint, type Theme } from '../../../src/flamegraph/palette.ts';
import type { PictureKind } from '../../../src/flamegraph/picture-frame.ts';

type Triple = readonly [number, number, number];

/** Light as it is, and as people without one kind of cone see it: Machado, Oliveira and Fernandes 2009, severity 1. */
const eyes: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(hex: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function times(rows: readonly [Triple, Triple, Triple], [r, g, b]: Triple): Triple {
  const [x, y, z] = rows.map((row) => Math.min(1, Math.max(0, row[0] * r + row[1] * g + row[2] * b)));
  return [x!, y!, z!];
}

/** CIE L*a*b*, D65. */
function lab([r, g, b]: Triple): Triple {
  const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (841 / 108) * t + 4 / 29);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(one: Paint, other: Paint, eye: string): number {
  const [a, b] = [one, other].map(({ fill }) => lab(times(eyes[eye]!, linear(fill))));
  return Math.hypot(a![0] - b![0], a![1] - b![1], a![2] - b![2]);
}

function contrast({ fill, text }: Paint): number {
  const [a, b] = [fill, text].map((hex) => {
    const [r, g, blue] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue + 0.05;
  });
  return Math.max(a! / b!, b! / a!);
}

const themes: readonly Theme[] = ['light', 'dark'];
const kinds: readonly PictureKind[] = [
  ...legend.map(({ kind }) => kind),
  'root',
  'threads',
  'folded',
  'idle',
];

describe('the colours of frames', () => {
  it('leave every label readable: 4.5 to 1', () => {
    for (const theme of themes) {
      const changes = (['grew', 'shrank', 'same'] as const).flatMap((verdict) =>
        [0.03, 0.1, 0.5].map((delta) => changePaint(verdict, delta, theme)),
      );
      for (const paint of [...kinds.map((kind) => kindPaint(kind, theme)), ...changes])
        assert.ok(contrast(paint) >= 4.5, `${theme} ${paint.text} on ${paint.fill}: ${contrast(paint)}`);
    }
  });

  // 2.3 is a just noticeable difference; boxes are small and apart, so six times that.
  it('distinguish kinds of code for people without red, green or blue cones', () => {
    for (const theme of themes)
      for (const eye of Object.keys(eyes))
        for (const [at, { kind }] of legend.entries())
          for (const { kind: other } of legend.slice(at + 1)) {
            const apart = distance(kindPaint(kind, theme), kindPaint(other, theme), eye);
            assert.ok(apart >= 14, `${theme}, ${eye}: ${kind} and ${other} are ${apart.toFixed(1)} apart`);
          }
  });

  it('distinguish growth from shrinkage for everyone', () => {
    for (const theme of themes)
      for (const eye of Object.keys(eyes))
        assert.ok(distance(changePaint('grew', 1, theme), changePaint('shrank', 1, theme), eye) >= 25);
  });
});
