import { readFileSync } from 'node:fs';

/** The version in package.json, which lies one level up from src and from dist alike. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
