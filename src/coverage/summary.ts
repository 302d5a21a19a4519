import type { Judgement, Verdict } from './judgement.ts';

/** How many rules there are of each sort. */
export interface Summary {
  rules: number;
  captures: number;
  /** Of those that would be captured: the labels name one pod (or the one machine or container). */
  namePod: number;
  /** Of those that would be captured: the panel to mark is known. */
  panel: number;
  notAboutJvm: number;
  /** They would be captured after a change that is named. */
  withChange: number;
  /** About what runs elsewhere. */
  elsewhere: number;
  unreadable: number;
}

/** Pure. */
export function summarise(judgements: readonly Judgement[]): Summary {
  const of = (verdict: Verdict): number => judgements.filter((each) => each.verdict === verdict).length;
  const captured = judgements.filter(({ verdict }) => verdict === 'captures');
  return {
    rules: judgements.length,
    captures: captured.length,
    namePod: captured.filter(({ target }) => target !== null && isExact(target.what)).length,
    panel: captured.filter(({ panel }) => panel !== null).length,
    notAboutJvm: of('not-a-jvm'),
    withChange: of('no-route') + of('no-target'),
    elsewhere: of('elsewhere'),
    unreadable: of('unreadable'),
  };
}

const isExact = (what: string): boolean => what !== 'workload' && what !== 'service';

/** `212 rules: 31 would capture, 12 name a pod, 9 a panel, 140 are not about a JVM`, and the rest on a line of its own. */
export function summaryLines(summary: Summary): string[] {
  const { rules, captures, namePod, panel, notAboutJvm, withChange, elsewhere, unreadable } = summary;
  const parts = [
    `${captures} would capture`,
    `${namePod} ${namePod === 1 ? 'names' : 'name'} a pod`,
    `${panel} a panel`,
    `${notAboutJvm} ${notAboutJvm === 1 ? 'is' : 'are'} not about a JVM`,
  ];
  const rest = [
    ...(withChange > 0 ? [`${withChange} ${withChange === 1 ? 'needs' : 'need'} a change`] : []),
    ...(elsewhere > 0 ? [`${elsewhere} ${elsewhere === 1 ? 'is' : 'are'} about another place`] : []),
    ...(unreadable > 0 ? [`${unreadable} cannot be read`] : []),
  ];
  const first = `${rules} ${rules === 1 ? 'rule' : 'rules'}: ${parts.join(', ')}`;
  return rest.length === 0 ? [first] : [first, rest.join(', ')];
}
