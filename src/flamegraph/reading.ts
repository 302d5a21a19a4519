import { applicationPackages, frameKind, type ApplicationCode } from '../profile/frame-kind.ts';
import { leftOutRows } from '../profile/idle.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { pictureFrames, type PictureFrames } from './picture-frame.ts';

/** A profile with what all its pictures need, worked out once. */
export interface Reading {
  profile: Profile;
  named: PictureFrames;
  /**
   * Rows of the event's samples that the picture shows apart (1): see `leftOutRows`; null where there are none, or
   * nothing but them, which is then the picture.
   */
  idleRows(event: ProfileEvent): Uint8Array | null;
}

/** What the rows are that `idleRows` tells, for people. */
export function idleName(event: ProfileEvent): string {
  return event === 'lock' ? 'waits that are no contention' : 'idle threads';
}

/** `configured`: package prefixes, with dots, that are application code; none means: recognise it. */
export function readingOf(profile: Profile, configured: readonly string[]): Reading {
  const code: ApplicationCode = {
    mainClass: profile.mainClass,
    applicationPackages: applicationPackages(profile, configured),
  };
  const known = new Map<ProfileEvent, Uint8Array | null>();
  return {
    profile,
    named: pictureFrames(profile, (name, type) => frameKind(name, type, code)),
    idleRows(event) {
      let rows = known.get(event);
      if (rows === undefined) {
        rows = leftOutRows(profile, event, code);
        if (rows?.every((row) => row === 1)) rows = null;
        known.set(event, rows);
      }
      return rows;
    },
  };
}
