/**
 * The JVM numbers what it generates, differently in every run. Without the numbers the same code has the same name
 * in two recordings.
 */
const generated: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Hidden classes: Foo$$Lambda$23/0x0000000800c03000, Foo$$Lambda.0x00007f…, LambdaForm$MH/0x…, …+0x….
  [/[/.+](?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{8,16})(?=[./$]|$)/g, ''],
  [/\$\$Lambda\$\d+/g, '$$$$Lambda'],
  [/\blambda\$([^.$]+)\$\d+$/, 'lambda$$$1'],
  [/\$anonfun\$([^.$]+)\$\d+/g, '$$anonfun$$$1'],
  // Proxies of the JDK, Spring (CGLIB), Guice, Hibernate, Weld, Javassist and Byte Buddy.
  [/\bjdk\/proxy\d+\//g, 'jdk/proxy/'],
  [/\$Proxy\d+/g, '$$Proxy'],
  [/\$\$(EnhancerBy|FastClassBy)(\w+?)\$\$[0-9a-f]+/g, '$$$$$1$2'],
  [/\$\$SpringCGLIB\$\$\d+/g, '$$$$SpringCGLIB'],
  [/CGLIB\$(\w+?)\$\d+/g, 'CGLIB$$$1'],
  [/\$HibernateProxy\$\w+/g, '$$HibernateProxy'],
  [/\$ByteBuddy\$\w+/g, '$$ByteBuddy'],
  [/_\$\$_jvst[0-9a-f]+_[0-9a-f]+/g, '_$$$$_jvst'],
  // Accessors that reflection and serialisation make after some calls.
  [/\bGenerated(\w*?)Accessor\d+/g, 'Generated$1Accessor'],
  [/\bLambdaForm\$(\w+?)\d*(?=[./]|$)/g, 'LambdaForm$$$1'],
];

/** Fast path: every generated name contains one of these. */
const suspicious = /\$\$|lambda\$|\$anonfun|Proxy|Accessor|LambdaForm|CGLIB|ByteBuddy|jvst|0x/;

/**
 * A frame's name without what changes from run to run.
 * @param name as in the profile, with slashes; must not be a name for people, whose dots look like those of hidden
 *   classes.
 */
export function stableName(name: string): string {
  if (!suspicious.test(name)) return name;
  return generated.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
}
