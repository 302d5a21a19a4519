interface Retention {
  /** The store's own prefix, `flamepin/`. */
  prefix: string;
  recordingDays: number;
  profileDays: number;
}

/**
 * The lifecycle rules that let the bucket itself expire flamepin's objects, as `aws s3api
 * put-bucket-lifecycle-configuration` takes them. For the operator to merge; flamepin never sends them, as a
 * PUT replaces all rules of a bucket. By prefix, not by tag: a tag rule cannot also abort unfinished uploads.
 */
export function lifecycleRules({ prefix, recordingDays, profileDays }: Retention): { Rules: object[] } {
  const rule = (name: string, folder: string, days: number) => ({
    ID: `flamepin-${name}`,
    Status: 'Enabled',
    Filter: { Prefix: `${prefix}${folder}/` },
    // S3 counts whole days and rounds up to the next midnight, UTC.
    Expiration: { Days: Math.max(1, Math.ceil(days)) },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  });
  return {
    Rules: [rule('recordings', 'recordings', recordingDays), rule('profiles', 'captures', profileDays)],
  };
}

/** The same by tag, for operators whose rules or rights go by tag (`flamepin=recording`, `flamepin=profile`). */
export function lifecycleRulesByTag({ prefix, recordingDays, profileDays }: Retention): { Rules: object[] } {
  const rule = (kind: string, days: number) => ({
    ID: `flamepin-${kind}`,
    Status: 'Enabled',
    Filter: { And: { Prefix: prefix, Tags: [{ Key: 'flamepin', Value: kind }] } },
    Expiration: { Days: Math.max(1, Math.ceil(days)) },
  });
  return { Rules: [rule('recording', recordingDays), rule('profile', profileDays)] };
}
