import { wantedFrom } from '../../../alerts/labels.ts';
import type { Pod } from '../connection/objects.ts';
import type { PodValue } from './prometheus.ts';

/** Whom an alert is about, beyond the workload. */
export interface Meant {
  /** The alert's own labels. */
  labels: Readonly<Record<string, string>>;
  /** This cluster's name, from the configuration; null when it is not set. */
  cluster: string | null;
}

export interface RowsOfPods {
  rows: { pod: Pod; value: number }[];
  /** `12 rows about another uri, 1 about other pods left out`; '' when all were about the alert. */
  leftOut: string;
  /** The clusters of the rows where nothing says which of several is meant; empty when that is clear. */
  clusters: string[];
}

/** Label names are text of strangers, and the choice is one line. */
const maxNameLength = 60;
const maxShown = 3;

/**
 * The rows that are about the alert and about one of the pods. A label that both the alert and the row have must be equal
 * in both; a label that only one of them has decides nothing. The row's pod is read as an alert's is, with its namespace
 * where the row has one. Pods of one name in several clusters cannot be told apart by anything but `cluster`: without a
 * word on which is meant, no row counts. Pure.
 */
export function rowsOfPods(pods: readonly Pod[], values: readonly PodValue[], meant: Meant): RowsOfPods {
  const cluster = wantedFrom(meant.labels).cluster ?? meant.cluster;
  const leftOut = new Map<string, number>();
  const clusters = new Set<string>();
  const rows: RowsOfPods['rows'] = [];
  for (const { labels, value } of values) {
    const row = wantedFrom(labels);
    const other =
      contradiction(meant.labels, labels) ??
      (cluster !== null && row.cluster !== null && row.cluster !== cluster ? 'cluster' : null);
    const pod = other === null ? pods.find((each) => isAbout(each, row)) : undefined;
    if (pod === undefined) {
      const what = other === null ? 'other pods' : `another ${other.slice(0, maxNameLength)}`;
      leftOut.set(what, (leftOut.get(what) ?? 0) + 1);
      continue;
    }
    rows.push({ pod, value });
    clusters.add(row.cluster ?? '');
  }
  const unclear = cluster === null && clusters.size > 1;
  return {
    rows: unclear ? [] : rows,
    leftOut: words(leftOut),
    clusters: unclear ? [...clusters].sort() : [],
  };
}

/**
 * The first label that the two disagree on; null when there is none. Where the row has `exported_X` besides, its `X` is
 * the exporter's, and the alert's `X` is compared with the former.
 */
function contradiction(alert: Meant['labels'], row: PodValue['labels']): string | null {
  for (const [name, said] of Object.entries(alert)) {
    const own = valueOf(row, `exported_${name}`) ?? valueOf(row, name);
    if (said !== '' && own !== undefined && own !== '' && own !== said) return name;
  }
  return null;
}

const valueOf = (labels: Meant['labels'], name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined;

function isAbout({ metadata, status }: Pod, row: ReturnType<typeof wantedFrom>): boolean {
  if (row.namespace !== null && row.namespace !== metadata.namespace) return false;
  if (row.pod !== null) return row.pod === metadata.name;
  return row.podIp !== null && row.podIp === status.podIP;
}

function words(leftOut: ReadonlyMap<string, number>): string {
  const most = [...leftOut].sort(([, a], [, b]) => b - a);
  if (most.length === 0) return '';
  const shown = most
    .slice(0, maxShown)
    .map(([what, count], at) => `${count}${at > 0 ? '' : count === 1 ? ' row' : ' rows'} about ${what}`);
  return `${shown.join(', ')}${most.length > maxShown ? ', …' : ''} left out`;
}

/** A label that differs from pod to pod of one workload, with the prefixes that Prometheus and OpenTelemetry give it. */
const ofOnePod =
  /^(?:exported_)?(?:kubernetes[_.]|k8s[_.])?(?:(?:pod|node|host|container|service[_.]instance)(?:[_.](?:name|uid|ip|id))?|instance|hostname|nodename|uid|id|ip|name)$/;
/** These name a container of every pod of the workload. */
const ofEachPod = /^(?:exported_)?(?:kubernetes[_.]|k8s[_.])?container(?:[_.]name)?$/;

/** What an alert says about its pod's siblings too: its labels without those that name the one pod. */
export function labelsBesidePod(labels: Meant['labels']): Meant['labels'] {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => !ofOnePod.test(name) || ofEachPod.test(name)),
  );
}
