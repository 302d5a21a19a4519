/** What the API server accepts as a name. Nothing else may become part of a path or a selector. */

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(?:\\.${label})*$`);
const longestName = 253;

/** Of a pod, a Deployment and the like: a DNS subdomain (RFC 1123). */
export const isObjectName = (text: string): boolean => text.length <= longestName && dnsSubdomain.test(text);

/** Of a namespace or a Service: a DNS label (RFC 1123). */
export const isDnsLabel = (text: string): boolean => dnsLabel.test(text);

/** The value of a label, as a selector compares it. */
export const isLabelValue = (text: string): boolean =>
  /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text);
