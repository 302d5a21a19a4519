import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from './s3-server.ts';

/** YAML of `storage` for a flamepin that stores in this server. */
export const storageIn = ({ bucket, region, endpoint }: S3Server): string =>
  `{s3: {bucket: ${bucket}, region: ${region}, endpoint: "${endpoint}", forcePathStyle: true}}`;

/** The environment that lets a flamepin in. */
export const environmentOf = (
  s3: S3Server,
  { accessKeyId, secretAccessKey } = s3.credentials,
): NodeJS.ProcessEnv => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

/** The keys of the first thousand objects, as the owner sees them. */
export async function keysIn({ endpoint, region, bucket, credentials }: S3Server): Promise<string[]> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key = '' }) => Key);
  } finally {
    client.destroy();
  }
}
