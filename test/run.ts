import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm test`: the unit tests, then the contract and end-to-end tests on real parts, two files at once: most of their
 * time is windows of 15 s, and two cores are all that may be there. What this machine cannot run is listed at the
 * end with its remedy; with CI set that is a failure.
 */
const root = join(import.meta.dirname, '..');
process.chdir(root);

const packages = [
  'prometheus',
  'prometheus-alertmanager',
  'chromium',
  'fonts-dejavu-core',
  'curl',
  'unzip',
  // The shells that images have. Debian's other busybox stands in the way of the test cluster's, which must be static.
  'busybox-static',
  'dash',
  'bash',
  'mksh',
  'ksh',
  'yash',
  'zsh',
  'posh',
  'util-linux',
  'openssl',
  // Container engines, each started by its test in a network namespace of its own.
  'docker.io',
  'docker-compose',
  // The base of flamepin's image.
  'debootstrap',
  'podman',
  'iproute2',
  // An sshd, started by its test in a mount namespace with users and sudo rules of its own.
  'openssh-client',
  'openssh-server',
  'sudo',
  // Sets the clock that one process sees.
  'faketime',
  'shellcheck',
  // Its loader runs a JVM as images on Alpine have it.
  'musl-tools',
  // strip: a JVM as distributions ship it.
  'binutils',
];

interface Missing {
  what: string;
  remedy: string;
}

/** What the tests on real parts need and the test run cannot install by itself. */
function missingPrerequisites(): Missing[] {
  const missing: Missing[] = [];
  if (process.platform !== 'linux')
    missing.push({ what: 'Linux', remedy: 'run the tests in a Linux machine or container' });
  if (process.getuid?.() !== 0)
    missing.push({
      what: 'root',
      remedy: 'run npm test as root: users, mounts and namespaces are part of the tests',
    });
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const release = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  if (release < 17)
    missing.push({ what: 'a JDK 17 or later on PATH', remedy: 'apt-get install openjdk-17-jdk-headless' });
  for (const [command, ...args] of [
    ['mvn', '--version'],
    // Debian's python3 cannot make a virtual environment without a package of its own.
    ['python3', '-c', 'import venv, ensurepip'],
  ] as const)
    if (spawnSync(command, args).status !== 0)
      missing.push({
        what: command,
        remedy: `apt-get install ${command === 'mvn' ? 'maven' : 'python3 python3-venv'}`,
      });
  return missing;
}

function testFiles(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name))
      .sort(),
  );
}

function passes(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}

const unitPassed = passes(process.execPath, ['--test', ...testFiles('test/unit')]);
const missing = missingPrerequisites();
let realPassed = true;
if (missing.length === 0) {
  realPassed =
    passes('sh', ['test/setup/debian.sh', ...packages]) &&
    passes(process.execPath, ['--test', '--test-concurrency=2', ...testFiles('test/contract', 'test/e2e')]);
} else {
  process.stdout.write('\nSkipped: the contract and end-to-end tests, for this machine lacks\n');
  for (const { what, remedy } of missing) process.stdout.write(`  ${what}: ${remedy}\n`);
}
const skippedInCi = missing.length > 0 && process.env['CI'] !== undefined && process.env['CI'] !== '';
process.exitCode = unitPassed && realPassed && !skippedInCi ? 0 : 1;
