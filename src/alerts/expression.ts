/** The rule's PromQL expression, from Prometheus' generator URL (`…/graph?g0.expr=…`); null when there is none. */
export function alertExpression(generatorUrl: string): string | null {
  if (!URL.canParse(generatorUrl)) return null;
  const expression = new URL(generatorUrl).searchParams.get('g0.expr');
  return expression === null || expression.trim() === '' ? null : expression;
}
