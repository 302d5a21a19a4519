/** For links that Mimir, Thanos or a proxy sends without a host: `/graph?g0.expr=…`. */
const noHost = 'http://host.invalid';

/** The rule's PromQL expression, from Prometheus' generator URL (`…/graph?g0.expr=…`); null when there is none. */
export function alertExpression(generatorUrl: string): string | null {
  if (!URL.canParse(generatorUrl, noHost)) return null;
  const expression = new URL(generatorUrl, noHost).searchParams.get('g0.expr');
  return expression === null || expression.trim() === '' ? null : expression;
}
