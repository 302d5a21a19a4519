import { isJava, qualifiedName, shortName } from '../profile/frame.ts';
import type { Profile } from '../profile/profile.ts';
import type { FrameKind } from '../profile/frame-kind.ts';
import { stableName } from '../profile/stable-name.ts';
import { frameTypes, type FrameType } from '../profile/sampling.ts';

/** What a box stands for. Besides code there are the root, groups of threads, folded runs and idle threads. */
export type PictureKind = FrameKind | 'root' | 'threads' | 'folded' | 'idle';

/** A frame as pictures show it. */
export interface PictureFrame {
  /** For people, in full: `com.acme.Checkout.price`. Hostile text. */
  name: string;
  /** What a box has room for: `Checkout.price`. Hostile text. */
  label: string;
  kind: PictureKind;
}

/** The profile's frames as pictures show them. */
export interface PictureFrames {
  frames: PictureFrame[];
  /** Frame of the profile → index of `frames`. A Java method is one frame however it was compiled. */
  of: Int32Array;
}

/**
 * Gives every frame its name, label and kind. Generated names lose what differs from run to run, so that the same
 * code is the same frame in every capture.
 */
export function pictureFrames(
  profile: Profile,
  kindOf: (name: string, type: FrameType) => FrameKind,
): PictureFrames {
  const frames: PictureFrame[] = [];
  const known = new Map<string, number>();
  const of = new Int32Array(profile.frames.name.length);
  for (const [index, written] of profile.frames.name.entries()) {
    const name = stableName(written);
    const type = frameTypes[profile.frames.type[index] ?? 0] ?? 'native';
    const key = `${isJava(type) ? 'java' : type} ${name}`;
    let at = known.get(key);
    if (at === undefined) {
      at = frames.length;
      known.set(key, at);
      frames.push({
        name: qualifiedName(name, type),
        label: shortName(name, type),
        kind: kindOf(name, type),
      });
    }
    of[index] = at;
  }
  return { frames, of };
}
