import type { Profile } from '../../src/profile/profile.ts';
import { profileOf } from './profile.ts';

/** Names that anyone can give a thread, a class or an alert. */
export const hostileNames: readonly string[] = [
  '</script><script>document.title="owned"</script>',
  '</svg><script>document.title="owned"</script>',
  ']]><img src=x onerror=document.title="owned">',
  '"><svg onload=document.title="owned">',
  "' onmouseover='document.title=1",
  '<!--<script>',
  '</title></style><iframe src=//example.com>',
  '${document.title="owned"}',
  'nul\u0000 bell\u0007 escape\u001b[31m delete\u007f newline\n tab\t',
  'turned \u202egnp.exe\u202c \u2066isolated',
  'half a pair \ud800 and \udfff, not a character \ufffe\uffff',
  'line\u2028paragraph\u2029',
  '&amp;&lt;script&gt;&#0;',
  'x'.repeat(70_000),
  '',
  '__proto__',
  'constructor',
];

/** Every hostile name as class, native frame and thread. */
export function hostileProfile(): Profile {
  return profileOf(
    hostileNames.flatMap((name) => [
      { stack: `java/lang/Thread.run;com/acme/A.run;${name.replaceAll(';', ':')}`, count: 50, thread: name },
      { stack: `${name.replaceAll(';', ':')}_[n]`, count: 50, thread: `[${name} tid=7]` },
      {
        stack: `com/acme/A.wait;${name.replaceAll(';', ':')}`,
        count: 5,
        event: 'wall' as const,
        thread: name,
      },
    ]),
    { mainClass: hostileNames[0]! },
  );
}
