/** Longest piece of text, in characters; more is cut. */
const longestText = 2000;

/** Text on one line, without what turns its direction; an alert may carry 100 kB in one label. */
export function shownText(text: string): string {
  const cut = text.length > longestText ? `${text.slice(0, longestText)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** Addresses may come from an alert: `javascript:` and `data:` never become links. */
export function isSafeAddress(url: string): boolean {
  return /^(https?:\/\/|mailto:|\/(?!\/)|\.{0,2}\/|[?#])/i.test(url) && !/[\p{Cc}\s]/u.test(url);
}
