import { createHash } from 'node:crypto';
import type { Alert } from '../alerts/alert.ts';
import { containerLeads } from '../alerts/container-labels.ts';
import type { CaptureRequest } from '../captures/capture.ts';
import type { Wanted } from '../alerts/labels.ts';

/**
 * The cooldown's first key, from labels alone, before the target is known. It errs on the narrow side: two keys for one
 * workload cost a lookup (the cooldown is checked again afterwards), one key for two workloads would cost a capture.
 */
export function workloadKey(
  target: Pick<CaptureRequest['target'], 'kind' | 'process'>,
  wanted: Wanted,
  labels: Alert['labels'],
): string {
  const key = partsOf(target, wanted, labels)
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
  return key.length <= 300 ? key : `${target.kind}/${createHash('sha256').update(key).digest('hex')}`;
}

function partsOf(
  target: Pick<CaptureRequest['target'], 'kind' | 'process'>,
  wanted: Wanted,
  labels: Alert['labels'],
): string[] {
  const process = target.process ?? '';
  const service = wanted.service?.name ?? '';
  const unit = wanted.unit === null ? [] : [wanted.unit];
  switch (target.kind) {
    case 'host':
      return [
        ...['host', process, wanted.host ?? '', service, wanted.pod ?? wanted.workload?.name ?? ''],
        ...unit,
      ];
    case 'ssh':
      return ['ssh', process, wanted.host ?? '', labels['instance'] ?? '', service, ...unit];
    case 'docker':
      return ['docker', process, ...containerParts(labels)];
    case 'kubernetes':
      return ['kubernetes', wanted.cluster ?? '', wanted.namespace ?? '', ...kubernetesParts(wanted)];
  }
}

function containerParts(labels: Alert['labels']): string[] {
  const [lead] = containerLeads(labels);
  switch (lead?.by) {
    case undefined:
      return [];
    case 'id':
      return ['id', lead.id];
    case 'name':
      return ['name', lead.name];
    case 'service':
      return ['service', lead.project ?? '', lead.service];
    case 'address':
      return ['address', lead.host, String(lead.port ?? '')];
  }
}

function kubernetesParts(wanted: Wanted): string[] {
  const { pod, workload, hpa, podIp, podGuess, service } = wanted;
  const deployment = pod === null ? null : deploymentOf(pod);
  if (deployment !== null) return ['Deployment', deployment];
  if (pod !== null) return ['Pod', pod];
  if (workload !== null) return [workload.kind ?? 'Workload', workload.name];
  if (hpa !== null) return ['HorizontalPodAutoscaler', hpa];
  if (podIp !== null) return ['ip', podIp];
  return podGuess !== null ? ['Pod', podGuess] : ['Service', service?.name ?? ''];
}

/**
 * `checkout-7d9f8c6b5-x2x4z` → checkout. Both hashes use only Kubernetes' safe alphabet (no vowels, no 0, 1, 3),
 * so a name that people chose hardly ever matches.
 */
function deploymentOf(pod: string): string | null {
  return /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/.exec(pod)?.[1] ?? null;
}
