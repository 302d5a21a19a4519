import { isDnsLabel, isObjectName } from './kubernetes-names.ts';
import type { Place } from './lead.ts';

/**
 * How proxies write the service behind them. Each form is recognised by itself; null: it is none of them. The value is
 * hostile: what is returned has yet to be checked.
 */
export function placesIn(value: string, namespace: string | null): Place[] | null {
  return (
    serviceHost(value) ?? traefikService(value, namespace) ?? haproxyBackend(value) ?? kongService(value)
  );
}

/** `checkout.shop.svc.cluster.local`, `checkout.shop.svc`, with or without a port; Envoy's `outbound|80||HOST` too. */
export function serviceHost(value: string): Place[] | null {
  const [, host = ''] = /^(?:outbound\|\d{1,5}\|[^|]*\|)?([^|:]{1,253})(?::\d{1,5})?$/.exec(value) ?? [];
  const [, name, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?$/.exec(host) ?? [];
  return name === undefined || namespace === undefined ? null : [{ namespace, name }];
}

/**
 * Traefik: `NAMESPACE-SERVICE-PORT@kubernetes` or `@kubernetescrd`. Where both may contain hyphens, every division is
 * possible, unless the alert names the namespace. Empty for services that are not Kubernetes'.
 */
function traefikService(value: string, known: string | null): Place[] | null {
  const [, joined, provider] = /^([^@]{1,253})@([a-z0-9_-]+)$/.exec(value) ?? [];
  if (joined === undefined || provider === undefined) return null;
  if (!provider.startsWith('kubernetes')) return [];
  const parts = joined.split('-');
  // The port comes last, as a number or by name.
  const named = parts.slice(0, -1);
  const places: Place[] = [];
  for (let at = 1; at < named.length; at++)
    places.push({ namespace: named.slice(0, at).join('-'), name: named.slice(at).join('-') });
  const legal = places.filter(({ namespace, name }) => isDnsLabel(namespace ?? '') && isDnsLabel(name));
  const said = legal.filter(({ namespace }) => namespace === known);
  return said.length > 0 ? said : legal;
}

/** HAProxy's ingress controllers and Contour: `NAMESPACE_SERVICE_PORT`; names have no underscore. */
function haproxyBackend(value: string): Place[] | null {
  const [, namespace, name] = /^([a-z0-9-]+)_(?:svc_)?([a-z0-9-]+)_[a-z0-9-]+$/.exec(value) ?? [];
  return namespace === undefined || name === undefined ? null : [{ namespace, name }];
}

/** Kong's ingress controller: `NAMESPACE.SERVICE.PORT`, and `SERVICE.NAMESPACE.PORT.svc` of an upstream. */
function kongService(value: string): Place[] | null {
  const upstream = /^([a-z0-9-]+)\.([a-z0-9-]+)\.[a-z0-9-]+\.svc$/.exec(value);
  if (upstream !== null) return [{ namespace: upstream[2] ?? '', name: upstream[1] ?? '' }];
  const service = /^([a-z0-9-]+)\.([a-z0-9-]+)\.(?:\d{1,5}|https?|web|grpc|pnum-\d+)$/.exec(value);
  return service === null ? null : [{ namespace: service[1] ?? '', name: service[2] ?? '' }];
}

/** `NAMESPACE/NAME`, as Hubble and OpenTelemetry write it. */
export function slashed(value: string): Place | null {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(value) ?? [];
  if (namespace === undefined || name === undefined) return null;
  return isDnsLabel(namespace) && isObjectName(name) ? { namespace, name } : null;
}
