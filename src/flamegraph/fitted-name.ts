/**
 * A label in so many characters. What is called says more than in which class: the end stays, `…getConnection`, as
 * long as the method's name fits; else its beginning.
 */
export function fittedName(label: string, room: number): string {
  if (label.length <= room) return label;
  const owner = Math.max(label.lastIndexOf('.'), label.lastIndexOf('::') + 1);
  const method = owner > 0 ? label.slice(owner + 1) : '';
  if (method === '') return `${label.slice(0, room - 1)}…`;
  if (method.length < room) return `…${label.slice(-(room - 1)).replace(/^[.:]+/, '')}`;
  return `${method.slice(0, room - 1)}…`;
}
