import type { Target } from '../../src/captures/target.ts';

/** A pod of the shop's workload on that node. */
export function targetOn(node: string, workload: string, image: string | null = null): Target {
  return {
    kind: 'kubernetes',
    uri: `kubernetes://shop/${workload}-x2x/app`,
    name: `${workload}-x2x`,
    workload: `shop/Deployment/${workload}`,
    node,
    image,
    startedAt: '2026-11-20T00:00:00.000Z',
    choice: '',
    data: { uid: 'u-1' },
  };
}
