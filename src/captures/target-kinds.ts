import { Failure } from '../reasons/failure.ts';

/** The schemes of target addresses. Apart from the schema, so that the command line starts without zod. */
export const targetKinds = ['host', 'kubernetes', 'docker', 'ssh'] as const;
export type TargetKind = (typeof targetKinds)[number];

/** Kinds with an adapter in this version; the others are known by name and refused with a reason. */
export const supportedKinds: readonly TargetKind[] = ['host', 'kubernetes', 'docker'];

/** `host://4711` → host. Throws Failure `target-not-found` for any other scheme. */
export function kindOfUri(uri: string): TargetKind {
  const kind = targetKinds.find((known) => uri.startsWith(`${known}://`));
  if (kind === undefined)
    throw new Failure('target-not-found', {
      detail: `${uri} begins with none of ${supportedKinds.map((known) => `${known}://`).join(', ')}`,
    });
  return kind;
}
