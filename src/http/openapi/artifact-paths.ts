import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { profileEventSchema, profileSchema } from '../../profile/profile.ts';
import { artifactNames, type ArtifactName } from '../artifact-names.ts';
import { captureIdSchema } from '../capture-json.ts';
import { json, plain, refusals } from './answers.ts';
import { recordingsToken } from './security.ts';

interface ArtifactWords {
  operationId: string;
  summary: string;
  content: NonNullable<ZodOpenApiResponseObject['content']>;
}

const words: Record<ArtifactName, ArtifactWords> = {
  'flamegraph.svg': {
    operationId: 'getFlamegraphSvg',
    summary: 'The flame graph as a picture',
    content: plain('image/svg+xml'),
  },
  'flamegraph.html': {
    operationId: 'getFlamegraphHtml',
    summary: 'The flame graph as one self-contained page',
    content: plain('text/html'),
  },
  'profile.json': {
    operationId: 'getProfile',
    summary: 'The profile as data: every stack of every event',
    content: json(profileSchema.meta({ id: 'Profile' })),
  },
  'summary.md': {
    operationId: 'getSummary',
    summary: 'The answer as Markdown',
    content: plain('text/plain'),
  },
  'recording.jfr': {
    operationId: 'getRecording',
    summary: 'The recording itself, masked',
    content: { 'application/octet-stream': {} },
  },
};

const toTheStore: ZodOpenApiResponseObject = {
  description: 'For a browser that opens it, if signed redirects are configured: straight to the store.',
  headers: z.object({ Location: z.string(), 'Cache-Control': z.literal('no-store') }),
};

export const artifactPaths: ZodOpenApiPathsObject = Object.fromEntries(
  artifactNames.map((name) => [`/captures/{id}/${name}`, { get: operation(name) }]),
);

function operation(name: ArtifactName): ZodOpenApiOperationObject {
  const { operationId, summary, content } = words[name];
  const isRecording = name === 'recording.jfr';
  return {
    operationId,
    tags: ['artifacts'],
    summary,
    ...(isRecording ? { security: recordingsToken } : {}),
    requestParams: {
      path: z.object({ id: captureIdSchema }),
      query: z.object({
        event: profileEventSchema
          .optional()
          .meta({ description: 'Default: the artifact that holds all events, otherwise the lead event.' }),
      }),
    },
    responses: {
      200: {
        description: 'The artifact, gzipped if the client accepts it.',
        headers: z.object({
          'Cache-Control': z.literal('private, max-age=3600'),
          Vary: z.string().meta({ description: 'Names `Accept-Encoding`.' }),
          ...(isRecording ? { 'Content-Disposition': z.string() } : {}),
        }),
        content,
      },
      ...(isRecording ? {} : { 302: toTheStore }),
      304: { description: 'Unchanged since the `ETag` in `If-None-Match`.' },
      ...refusals(400, ...(isRecording ? ([401, 403] as const) : []), 404, 410),
    },
  };
}
