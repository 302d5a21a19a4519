import type { PictureKind } from './picture-frame.ts';

/**
 * Colours by kind, the same in every capture. Application code alone is saturated; the others differ in
 * lightness first, so that they stay apart for people who do not tell red from green; a test computes it.
 */
export type Theme = 'light' | 'dark';

export interface Paint {
  fill: string;
  text: string;
}

const light: Record<PictureKind, Paint> = {
  application: { fill: '#f6a21e', text: '#1b1206' },
  framework: { fill: '#b6cfea', text: '#16202b' },
  jdk: { fill: '#e2e5e7', text: '#1d2226' },
  native: { fill: '#8aa89a', text: '#0c1712' },
  kernel: { fill: '#ae93b5', text: '#1a0f1d' },
  'gc-jit': { fill: '#646498', text: '#ffffff' },
  root: { fill: '#eceff2', text: '#1d2226' },
  threads: { fill: '#d0d8e0', text: '#1d2226' },
  folded: { fill: '#f3f5f7', text: '#4a545d' },
  idle: { fill: '#f3f5f7', text: '#4a545d' },
};

const dark: Record<PictureKind, Paint> = {
  application: { fill: '#f0a02c', text: '#1b1206' },
  framework: { fill: '#355c97', text: '#eef4fb' },
  jdk: { fill: '#3b3e42', text: '#e6e9ec' },
  native: { fill: '#3b8a6d', text: '#04120c' },
  kernel: { fill: '#7a5a79', text: '#fbf4fb' },
  'gc-jit': { fill: '#828aba', text: '#0a0c16' },
  root: { fill: '#262b30', text: '#e6e9ec' },
  threads: { fill: '#30373e', text: '#e6e9ec' },
  folded: { fill: '#20252a', text: '#b3bcc4' },
  idle: { fill: '#20252a', text: '#b3bcc4' },
};

/** Whether a frame's share grew or shrank against the baseline by more than noise. */
export type Way = 'grew' | 'shrank' | 'same';

/** What is said of `same`: a change is one of both. Where something grows, the shares of all the rest fall. */
export const unchanged = 'share or rate within noise';

const changeLight: Record<Way, readonly Paint[]> = {
  grew: [
    { fill: '#fcd9b0', text: '#241300' },
    { fill: '#f9b266', text: '#241300' },
    { fill: '#ee8421', text: '#1a0e00' },
  ],
  shrank: [
    { fill: '#c9e0f5', text: '#071a2b' },
    { fill: '#8fc0ea', text: '#071a2b' },
    { fill: '#4e9bdb', text: '#04121f' },
  ],
  same: [{ fill: '#e1e4e7', text: '#2a3036' }],
};

const changeDark: Record<Way, readonly Paint[]> = {
  grew: [
    { fill: '#6b4219', text: '#fff1e0' },
    { fill: '#9a5510', text: '#fff6ec' },
    { fill: '#f08a24', text: '#1a0e00' },
  ],
  shrank: [
    { fill: '#1d3f5e', text: '#e3f1fd' },
    { fill: '#235f95', text: '#f0f8ff' },
    { fill: '#5aa7e6', text: '#04121f' },
  ],
  same: [{ fill: '#353b41', text: '#dfe3e6' }],
};

/** Colours of a frame by its kind. */
export function kindPaint(kind: PictureKind, theme: Theme): Paint {
  return (theme === 'light' ? light : dark)[kind];
}

/** Colours of a frame in difference mode; `delta` in shares, three steps: up to 5, up to 15 points, more. */
export function changePaint(verdict: Way, delta: number, theme: Theme): Paint {
  const steps = (theme === 'light' ? changeLight : changeDark)[verdict];
  const step = Math.abs(delta) < 0.05 ? 0 : Math.abs(delta) < 0.15 ? 1 : 2;
  return steps[Math.min(step, steps.length - 1)]!;
}

/** Kinds of code, as a legend lists them. */
export const legend: readonly { kind: PictureKind; words: string }[] = [
  { kind: 'application', words: 'application' },
  { kind: 'framework', words: 'framework' },
  { kind: 'jdk', words: 'JDK' },
  { kind: 'native', words: 'native' },
  { kind: 'kernel', words: 'kernel' },
  { kind: 'gc-jit', words: 'GC, JIT' },
];

/** Hues that are told apart; the lightness is the same, so that no package stands out. */
const packageHues = [28, 205, 145, 275, 60, 330, 180, 100, 235, 10, 165, 300];

/** A colour of its own for each package, the same in every capture; two of many may share one. */
export function packagePaint(owner: string, theme: Theme): Paint {
  let hash = 7;
  for (let at = 0; at < owner.length; at += 1) hash = (Math.imul(hash, 31) + owner.charCodeAt(at)) >>> 0;
  const hue = packageHues[hash % packageHues.length]!;
  return theme === 'light'
    ? { fill: `hsl(${hue} 62% 80%)`, text: '#14181c' }
    : { fill: `hsl(${hue} 38% 28%)`, text: '#f2f4f6' };
}

/** The package of a frame by its full name, to three parts: `com.acme.shop`; '' for what has none. */
export function packageOf(name: string): string {
  const owner = /^((?:[\p{Ll}_][\p{L}\p{N}_]*\.)+)\p{Lu}/u.exec(name)?.[1] ?? '';
  return owner.split('.').slice(0, -1).slice(0, 3).join('.');
}
