import { element } from './element.ts';

/** Deprecated and everywhere: the only way where the page is not secure. */
interface OldClipboard {
  execCommand(command: 'copy'): boolean;
}

/**
 * Puts text on the clipboard; false where neither way works. The clipboard's own interface is only there on https and
 * on this machine, so that a page on plain http or in a sandbox takes the old one.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Missing where the page is not secure, whatever the types say.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    if (clipboard !== undefined) {
      await clipboard.writeText(text);
      return true;
    }
  } catch {
    // Denied, as in a sandbox: the other way may still be open.
  }
  const field = element('textarea', { attributes: { class: 'aside', 'aria-hidden': 'true' } });
  field.value = text;
  const before = document.activeElement;
  document.body.append(field);
  field.select();
  const done = (document as OldClipboard).execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return done;
}
