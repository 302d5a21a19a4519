/** Options of the java launcher whose value is the next argument. */
const withValue = new Set([
  '-cp',
  '-classpath',
  '--class-path',
  '-p',
  '--module-path',
  '--upgrade-module-path',
  '--add-modules',
  '--add-reads',
  '--add-exports',
  '--add-opens',
  '--limit-modules',
  '--patch-module',
  '--source',
]);

/**
 * The part of a JVM's command line that is safe to keep and show: the program, the JVM's flags without their values, and
 * the main class, module or jar. Properties, values and the program's arguments may hold passwords and are dropped.
 * @param args the arguments, each possibly cut; the first is the program
 * @returns at most 500 characters
 */
export function safeCommandLine(args: readonly string[]): string {
  const kept = [args[0] ?? ''];
  for (let index = 1; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '-jar' || argument === '-m' || argument === '--module') {
      kept.push(argument, args[index + 1] ?? '');
      break;
    }
    if (withValue.has(argument)) index++;
    else if (argument.startsWith('-XX:')) kept.push(argument.split('=', 1)[0] ?? '');
    else if (/^-X(m[sxn]|ss)\d+[kmgKMG]?$/.test(argument) || /^-X[a-z]+$/.test(argument)) kept.push(argument);
    else if (argument.startsWith('-') || argument.startsWith('@')) continue;
    else {
      kept.push(argument);
      break;
    }
  }
  return kept.join(' ').slice(0, 500);
}

/** The main class, module or jar file without its directory, for a name; the program when there is none. */
export function programName(args: readonly string[]): string {
  const last = safeCommandLine(args).split(' ').at(-1) ?? '';
  return last.split('/').at(-1) ?? last;
}
