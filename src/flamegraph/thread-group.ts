/**
 * The group that a thread's name tells: numbers at its end, and the ids that async-profiler adds, become `*`.
 * `http-nio-8080-exec-12` → `http-nio-8080-exec-*`.
 */
export function threadGroup(name: string): string {
  const plain = name.replace(/^\[(.*) tid=\d+\]$/, '$1');
  return plain.replace(/\d+$/, '*').slice(0, 200);
}
