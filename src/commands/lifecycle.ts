import { lifecycleRules, lifecycleRulesByTag } from '../stores/s3/lifecycle.ts';
import { loadConfiguration } from '../config/load.ts';
import { ConfigurationError } from '../config/problems.ts';
import { storeTraits } from '../serve/open-store.ts';
import { writeOutput } from './output.ts';

export interface LifecycleOptions {
  config?: string;
  by: 'prefix' | 'tag';
}

const dayMs = 24 * 3_600_000;

/**
 * `flamepin lifecycle`: the rules by which the bucket itself would expire what flamepin stores, as JSON on stdout for
 * the operator to merge. Sends nothing. Throws ConfigurationError where there is no bucket, or no tags to go by.
 */
export async function lifecycle({ config, by }: LifecycleOptions): Promise<void> {
  const { origin, storage, retention } = loadConfiguration(config, undefined, { secrets: [] });
  const refuse = (path: string, what: string, remedy: string): never => {
    throw new ConfigurationError(origin, [{ path, what, remedy }]);
  };
  const { bucket } = storeTraits(storage);
  if (bucket === null)
    return refuse(
      'storage',
      `artifacts are in a ${storage.kind} store, not in an S3 bucket`,
      'flamepin deletes expired files itself; lifecycle rules are for storage.s3.',
    );
  if (by === 'tag' && bucket.tags === false)
    return refuse(
      'storage.s3.tags',
      'objects have no tags, so rules by tag would expire nothing',
      'Use --by prefix, or turn tags on.',
    );
  const days = {
    prefix: bucket.prefix,
    recordingDays: retention.recordings / dayMs,
    profileDays: retention.profiles / dayMs,
  };
  const rules = by === 'prefix' ? lifecycleRules(days) : lifecycleRulesByTag(days);
  await writeOutput(`${JSON.stringify(rules, null, 2)}\n`, undefined);
  process.stderr.write(advice(bucket.bucket, retention.enforcedBy));
}

function advice(bucket: string, enforcedBy: 'flamepin' | 'bucket'): string {
  const lines = [
    `Merge these into the existing rules of bucket ${bucket} (aws s3api get-bucket-lifecycle-configuration --bucket ${bucket}):`,
    'put-bucket-lifecycle-configuration replaces all rules of a bucket, including those that are not for flamepin.',
    ...(enforcedBy === 'bucket'
      ? []
      : [
          'flamepin also deletes expired files until retention.enforcedBy is bucket; having both does no harm.',
        ]),
  ];
  return `${lines.join('\n')}\n`;
}
