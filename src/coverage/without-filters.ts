import { parseExpression, partsOf, type Node } from '../alerts/promql.ts';

const comparisons = new Set(['Eql', 'Neq', 'Gtr', 'Gte', 'Lss', 'Lte']);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Atan2']);

/**
 * An alerting rule's expression without what makes it silent: comparisons with a number fall away, those of two series get
 * `bool`, and `unless` goes. Its rows are those that could fire, with the same labels. null when it is not PromQL. Pure.
 */
export function withoutFilters(expression: string): string | null {
  const node = parseExpression(expression);
  return node === null ? null : rendered(node, expression);
}

function rendered(node: Node, text: string): string {
  // What is absent gives the row its labels.
  if (node.name === 'FunctionCall' && isAbsent(node)) return text.slice(node.from, node.to);
  if (node.name === 'BinaryExpr') {
    const parts = partsOf(node);
    const [left, operator] = parts;
    const right = parts.at(-1);
    if (left !== undefined && operator !== undefined && right !== undefined) {
      if (operator.name === 'Unless') return rendered(left, text);
      if (comparisons.has(operator.name) && node.getChild('BoolModifier') === null) {
        if (isNumber(right)) return rendered(left, text);
        if (isNumber(left)) return rendered(right, text);
        return spliced(node, text, { at: operator.to, insert: ' bool' });
      }
    }
  }
  return spliced(node, text);
}

/** The node's own text, each part of it rendered. */
function spliced(node: Node, text: string, addition?: { at: number; insert: string }): string {
  let written = '';
  let at = node.from;
  for (const part of partsOf(node)) {
    written += text.slice(at, part.from) + rendered(part, text);
    at = part.to;
    if (addition?.at === at) written += addition.insert;
  }
  return written + text.slice(at, node.to);
}

const isAbsent = (call: Node): boolean => nameOf(call).startsWith('Absent');

const nameOf = (call: Node): string => call.getChild('FunctionIdentifier')?.firstChild?.name ?? '';

/** A literal, arithmetic with literals, or what makes one number of a series. */
function isNumber(node: Node): boolean {
  if (node.name === 'NumberDurationLiteral') return true;
  const parts = partsOf(node);
  if (node.name === 'ParenExpr' || node.name === 'UnaryExpr') return parts.slice(-1).every(isNumber);
  if (node.name === 'FunctionCall') return ['Time', 'Pi', 'Scalar'].includes(nameOf(node));
  const [left, operator] = parts;
  const right = parts.at(-1);
  if (node.name !== 'BinaryExpr' || left === undefined || operator === undefined || right === undefined)
    return false;
  return arithmetic.has(operator.name) && isNumber(left) && isNumber(right);
}
