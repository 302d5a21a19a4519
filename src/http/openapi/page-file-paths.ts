import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { plain, stored } from './answers.ts';

const files = [
  ['/page.js', 'getPageScript', 'Script of a capture’s page', 'text/javascript'],
  ['/page.css', 'getPageStyle', 'Style of a flame graph', 'text/css'],
  ['/follow.js', 'getFollowScript', 'Script of a capture in progress', 'text/javascript'],
  ['/control.js', 'getControlScript', 'Script of the buttons that need a token', 'text/javascript'],
  ['/site.css', 'getSiteStyle', 'Style of all pages', 'text/css'],
  ['/icon.svg', 'getIcon', 'The icon', 'image/svg+xml'],
] as const;

export const pageFilePaths: ZodOpenApiPathsObject = Object.fromEntries(
  files.map(([path, operationId, summary, type]) => [
    path,
    { get: { operationId, tags: ['page files'], summary, responses: stored('The file.', plain(type)) } },
  ]),
);
