import { html } from 'ghtml';
import type { Link } from '../profile/link.ts';

/** The page of a capture. */
export const pageUrl = (publicUrl: string, captureId: string): string =>
  `${publicUrl.replace(/\/+$/, '')}/captures/${captureId}`;

/** A link that opens in a tab of its own; its sanitiser keeps http(s) and adds `rel="noopener noreferrer"`. */
export const link = ({ text, url }: Link): string => html`<a href="${url}" target="_blank">${text}</a>`;

/** At most `length` characters, never half of one. */
export function clip(text: string, length: number): string {
  const plain = text.toWellFormed();
  return plain.length <= length ? plain : `${plain.slice(0, length - 1).toWellFormed()}…`;
}
