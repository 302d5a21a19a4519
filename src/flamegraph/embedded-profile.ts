import type { Profile } from '../profile/profile.ts';

/**
 * A profile as the one-file page carries it. Its stacks are most of it, millions for 100,000 deep ones, so they are
 * written as text that is a third of their JSON: half the time until a browser has the page. Line numbers, which no
 * picture shows, are left out.
 */
export interface EmbeddedProfile extends Omit<Profile, 'stacks'> {
  /**
   * Each stack but the root as one number or two: twice its frame when its caller is the stack before it, else twice
   * its frame plus one, and how far before it its caller is.
   */
  stacks: { count: number; text: string };
}

/** Digits of base 64, none of which JSON or HTML escapes. A number's last digit is below 32, those before it are not. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-';
const bitsPerDigit = 5;
const moreFollow = 32;

/** For JSON in a page. */
export function embedProfile(profile: Profile): EmbeddedProfile {
  return { ...profile, stacks: writeStacks(profile.stacks) };
}

/** The profile again, without its lines. */
export function extractProfile(embedded: EmbeddedProfile): Profile {
  return { ...embedded, stacks: readStacks(embedded.stacks) };
}

function writeStacks({ parent, frame }: Profile['stacks']): EmbeddedProfile['stacks'] {
  const words: string[] = [];
  for (let stack = 1; stack < parent.length; stack += 1) {
    const distance = stack - parent[stack]!;
    if (distance === 1) words.push(writeNumber(frame[stack]! * 2));
    else words.push(writeNumber(frame[stack]! * 2 + 1), writeNumber(distance));
  }
  return { count: parent.length, text: words.join('') };
}

function writeNumber(number: number): string {
  let word = '';
  let left = number;
  for (; left >= moreFollow; left >>>= bitsPerDigit) word += digits.charAt(moreFollow + (left % moreFollow));
  return word + digits.charAt(left);
}

function readStacks({ count, text }: EmbeddedProfile['stacks']): Profile['stacks'] {
  const digitOf = new Uint8Array(128);
  for (let digit = 0; digit < digits.length; digit += 1) digitOf[digits.charCodeAt(digit)] = digit;
  const parent = new Array<number>(count).fill(0);
  const frame = new Array<number>(count).fill(0);
  let stack = 1;
  let number = 0;
  let shift = 0;
  let distanceFollows = false;
  // One loop without calls: it runs ten million times.
  for (let at = 0; at < text.length; at += 1) {
    const digit = digitOf[text.charCodeAt(at)]!;
    number |= (digit & (moreFollow - 1)) << shift;
    shift += bitsPerDigit;
    if (digit >= moreFollow) continue;
    if (distanceFollows) {
      parent[stack] = stack - number;
      stack += 1;
      distanceFollows = false;
    } else {
      frame[stack] = number >>> 1;
      distanceFollows = (number & 1) === 1;
      if (!distanceFollows) {
        parent[stack] = stack - 1;
        stack += 1;
      }
    }
    number = 0;
    shift = 0;
  }
  return { parent, frame, line: [] };
}
