import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { exportFormats } from '../../profile/export/export-format.ts';
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

const exportedSchema = z
  .looseObject({})
  .meta({ id: 'ExportedProfile', description: 'With `format`: what that tool reads.' });

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
    content: {
      ...json(z.union([profileSchema.meta({ id: 'Profile' }), exportedSchema])),
      'application/octet-stream': {},
    },
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
  const isProfile = name === 'profile.json';
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
        ...(isProfile && {
          format: z.enum(exportFormats).optional().meta({
            description:
              "One event (default: the lead event) in the form of another tool: pprof's profile.proto, gzipped; speedscope's JSON; Grafana's data frame for its flame graph panel (level, value, self, label).",
          }),
        }),
      }),
    },
    responses: {
      200: {
        description: 'The artifact, gzipped if the client accepts it.',
        headers: z.object({
          'Cache-Control': z.literal('private, max-age=3600'),
          Vary: z.string().meta({ description: 'Names `Accept-Encoding`.' }),
          ...(isRecording ? { 'Content-Disposition': z.string() } : {}),
          ...(isProfile ? { 'Content-Disposition': z.string().optional() } : {}),
        }),
        content,
      },
      ...(isRecording ? {} : { 302: toTheStore }),
      304: { description: 'Unchanged since the `ETag` in `If-None-Match`.' },
      ...refusals(400, ...(isRecording ? ([401, 403] as const) : []), 404, 410),
    },
  };
}
