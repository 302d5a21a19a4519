import { applicationPackages, frameKind, type ApplicationCode } from '../profile/frame-kind.ts';
import { idleWallRows } from '../profile/idle.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { pictureFrames, type PictureFrames } from './picture-frame.ts';

/** A profile with what all its pictures need, worked out once. */
export interface Reading {
  profile: Profile;
  named: PictureFrames;
  /** Rows of the event's samples that are idle threads (1); null where the event knows none. */
  idleRows(event: ProfileEvent): Uint8Array | null;
}

/** `configured`: package prefixes, with dots, that are application code; none means: recognise it. */
export function readingOf(profile: Profile, configured: readonly string[]): Reading {
  const code: ApplicationCode = {
    mainClass: profile.mainClass,
    applicationPackages: applicationPackages(profile, configured),
  };
  let idle: Uint8Array | undefined;
  return {
    profile,
    named: pictureFrames(profile, (name, type) => frameKind(name, type, code)),
    idleRows(event) {
      if (event !== 'wall') return null;
      idle ??= idleWallRows(profile, code);
      return idle;
    },
  };
}
