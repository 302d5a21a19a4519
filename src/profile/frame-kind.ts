import { isJava, packageName } from './frame.ts';
import { frameworkPackages, jdkPackages } from './framework-packages.ts';
import type { Profile } from './profile.ts';
import { launchers, programs } from './programs.ts';
import { frameTypes, type FrameType } from './sampling.ts';

/** Whose code a frame is: decides its colour and which frames the sentence may name. */
export type FrameKind = 'application' | 'framework' | 'jdk' | 'native' | 'kernel' | 'gc-jit';

export interface ApplicationCode {
  /** As in the profile: with dots, or null when the recording does not say. */
  mainClass: string | null;
  /** Package prefixes with dots, configured or found by `applicationPackages`; they beat the framework list. */
  applicationPackages: readonly string[];
}

/**
 * Prefixes whose next part names the owner: `io.github.someone.tool` belongs to `io.github.someone`, while
 * `com.acme.shop` belongs to `com.acme`.
 */
const hostingPrefixes = new Set(['io.github', 'com.github', 'io.gitlab', 'com.gitlab', 'org.sourceforge']);

/**
 * C++ symbols of HotSpot's collectors and compilers, by the class they belong to; seen in recordings of JDK 11 to
 * 25 with Serial, Parallel, G1, ZGC and Shenandoah.
 */
const collectorOrCompiler = new RegExp(
  '^(?:(?:static|virtual|void|bool) )*(?:' +
    [
      'G1[A-Z]\\w*',
      'Z(?:Mark|Relocat|Driver|Heap|Worker|Page|Barrier|Generation|GC|Task|Root|Director|Unmapper|Store)\\w*',
      'Shenandoah\\w*',
      'XMark\\w*|XRelocate\\w*|XWorker\\w*|XDriver\\w*',
      'PS(?:Promotion|Scavenge|ParallelCompact|MarkSweep|Card|Evac|Roots|Thread|Refill)\\w*',
      'Parallel(?:Scavenge|Compact|GC|Mark)\\w*|ParMark\\w*|ParCompaction\\w*',
      'DefNew\\w*|Tenured\\w*|SerialHeap|SerialFullGC|GenCollectedHeap|GenMarkSweep|MarkSweep|Generation',
      'GC(?:Task|Cause|Trace|Policy|Id|VM)\\w*|CollectedHeap|ReferenceProcessor|WeakProcessor|VM_G1\\w*|VM_GC\\w*',
      'VM_CollectFor\\w*|VM_ParallelGC\\w*|VM_GenCollect\\w*|ConcurrentGCThread|ConcurrentMark\\w*|TaskTerminator',
      'GangWorker|WorkGang|WorkerThread|WorkerTaskDispatcher|AbstractGangTask|VMThread|VM_Operation|SafepointSynchronize',
      'NMethodSweeper|CompileBroker|CompileQueue|CompilationPolicy|Compile|C1_?\\w*|C2Compiler|Compilation|Compiler|CompileWrapper|CompileTask',
      'Phase\\w*|Parse|Matcher|Parse[A-Z]\\w*|GraphKit|GraphBuilder|LinearScan|LIR\\w*|LIRGenerator|IR|IRScope',
      'ciMethod\\w*|ciEnv|ciTypeFlow|BytecodeAnalyzer|BCEscapeAnalyzer|IdealLoopTree|ConnectionGraph|LoopNode',
      'JVMCI\\w*|InlineTree|PhiNode|TypeNode|IndexSet\\w*|CallGenerator|ParseGenerator|Scheduling',
    ].join('|') +
    ')(?:::|$|\\()',
);

const jdk: ReadonlySet<string> = new Set(jdkPackages);
const frameworks: ReadonlySet<string> = new Set(frameworkPackages);
const longestPrefix = Math.max(...[...jdk, ...frameworks].map((prefix) => prefix.length));

/** Names that end like a class: what alloc and lock samples have as their innermost frame. */
const className = /(?:^|[.$/])[A-Z][\w$]*$|\[\]$/;

/**
 * Whose code a frame is.
 * @param name as in the profile, with slashes.
 * @param code what is known about the application; see `applicationPackages`.
 * @returns `application` for unknown packages only when nothing at all is known about the application.
 */
export function frameKind(name: string, type: FrameType, code: ApplicationCode): FrameKind {
  if (!isJava(type)) {
    if (type === 'kernel' && !className.test(name)) return 'kernel';
    if (type === 'cpp' && collectorOrCompiler.test(name)) return 'gc-jit';
    if (type !== 'kernel') return 'native';
  }
  const owner = owningPackage(name, type);
  if (code.applicationPackages.some((prefix) => isWithin(owner, prefix))) return 'application';
  if (isWithinAny(owner, jdk) || name.endsWith('[]')) return 'jdk';
  if (isWithinAny(owner, frameworks)) return 'framework';
  const main = code.mainClass === null ? '' : ownerOf(packageOfClass(code.mainClass));
  if (main !== '' && !isForeign(main)) return isWithin(owner, main) ? 'application' : fallback(owner);
  return code.applicationPackages.length === 0 ? 'application' : fallback(owner);
}

/**
 * The packages of the application itself: configured ones, the owner of the main class, and owners that are in at
 * least a fifth of the stacks that hold code of no known framework. Where there is next to none of them, and a program
 * runs that is a framework to others (Kafka, Keycloak), the program's own.
 * @param configured prefixes with dots; when there are any, only these count.
 */
export function applicationPackages(profile: Profile, configured: readonly string[] = []): string[] {
  if (configured.length > 0) return [...configured];
  const found = new Set<string>();
  if (profile.mainClass !== null) {
    const main = ownerOf(packageOfClass(profile.mainClass));
    if (main !== '' && !isForeign(main)) found.add(main);
  }
  const { samplesByOwner, samples, cpuSamples } = ownersSeen(profile);
  for (const [owner, count] of samplesByOwner) if (count >= samples / 5) found.add(owner);
  if (!hasOwnMain(profile)) {
    const program = programOf(profile);
    const rows = rowsWithin(profile, program);
    // Idle threads would outvote what runs.
    if (rows.cpu > 0 ? cpuSamples < rows.cpu / 5 : samples < rows.wall / 5)
      for (const prefix of program) found.add(prefix);
  }
  return [...found].sort();
}

/** Is the main class somebody's own? */
function hasOwnMain({ mainClass }: Profile): boolean {
  return mainClass !== null && !isForeign(ownerOf(packageOfClass(mainClass)));
}

/** The packages of a known program that runs here, else those of the main class; none when a launcher says nothing. */
function programOf({ frames, mainClass }: Profile): readonly string[] {
  const packages = new Set(
    frames.name.map((name, index) => owningPackage(name, frameTypes[frames.type[index] ?? 0] ?? 'native')),
  );
  const known = programs.find(({ runs }) =>
    runs.some((prefix) => [...packages].some((one) => isWithin(one, prefix))),
  );
  if (known !== undefined) return known.packages;
  const main = mainClass === null ? '' : packageOfClass(mainClass);
  if (main === '' || launchers.some((prefix) => isWithin(main, prefix))) return [];
  // org.apache and the like hold many programs.
  return [firstParts(main, /^org\.(?:apache|eclipse|jboss)\./.test(main) ? 3 : 2)];
}

/** Rows of samples with code of these packages. */
function rowsWithin(profile: Profile, packages: readonly string[]): { cpu: number; wall: number } {
  const within = profile.frames.name.map((name, index) => {
    const owner = owningPackage(name, frameTypes[profile.frames.type[index] ?? 0] ?? 'native');
    return packages.some((prefix) => isWithin(owner, prefix));
  });
  const { parent, frame } = profile.stacks;
  const holds = new Uint8Array(parent.length);
  for (let node = 1; node < parent.length; node++)
    holds[node] = holds[parent[node]!] === 1 || within[frame[node]!] === true ? 1 : 0;
  const rows = (event: 'cpu' | 'wall'): number =>
    (profile.events[event]?.samples.stack ?? []).filter((stack) => holds[stack] === 1).length;
  return { cpu: rows('cpu'), wall: rows('wall') };
}

/** `com.acme.shop.orders` → `com.acme`: whoever owns the name. */
export function ownerOf(packageWithDots: string): string {
  const two = firstParts(packageWithDots, 2);
  return hostingPrefixes.has(two) ? firstParts(packageWithDots, 3) : two;
}

function firstParts(packageWithDots: string, count: number): string {
  let end = -1;
  for (let part = 0; part < count; part += 1) {
    end = packageWithDots.indexOf('.', end + 1);
    if (end < 0) return packageWithDots;
  }
  return packageWithDots.slice(0, end);
}

/** Default-package classes are application code: frameworks do not live there. */
function fallback(owner: string): FrameKind {
  return owner === '' ? 'application' : 'framework';
}

function isForeign(packageWithDots: string): boolean {
  return isWithinAny(packageWithDots, jdk) || isWithinAny(packageWithDots, frameworks);
}

function isWithin(packageWithDots: string, prefix: string): boolean {
  return (
    packageWithDots.startsWith(prefix) &&
    (packageWithDots.length === prefix.length || packageWithDots[prefix.length] === '.')
  );
}

/** As isWithin, for hundreds of prefixes: looks the package and its parents up instead of trying each. */
function isWithinAny(packageWithDots: string, prefixes: ReadonlySet<string>): boolean {
  let dot = packageWithDots.indexOf('.');
  for (; dot >= 0 && dot <= longestPrefix; dot = packageWithDots.indexOf('.', dot + 1))
    if (prefixes.has(packageWithDots.slice(0, dot))) return true;
  return prefixes.has(packageWithDots);
}

function packageOfClass(classWithDots: string): string {
  const end = classWithDots.lastIndexOf('.');
  return end < 0 ? '' : classWithDots.slice(0, end);
}

/** Methods have slashes; the class frames of alloc and lock samples have dots only. */
function owningPackage(name: string, type: FrameType): string {
  if (name.includes('/')) return packageName(name, isJava(type) ? type : 'jit');
  return className.test(name) ? packageOfClass(name) : '';
}

/**
 * How many rows of samples pass through each unknown owner. Rows, not counts: a few busy stacks of one library
 * must not outvote the application.
 */
function ownersSeen(profile: Profile): {
  samplesByOwner: Map<string, number>;
  samples: number;
  cpuSamples: number;
} {
  const owners: string[] = [];
  const numberOfOwner = new Map<string, number>();
  const ownerOfFrame = Int32Array.from(profile.frames.name, (name, index) => {
    const type = frameTypes[profile.frames.type[index] ?? 0] ?? 'jit';
    const owner = isJava(type) && name.includes('/') ? ownerOf(packageName(name, type)) : '';
    if (owner === '' || isForeign(packageName(name, type))) return -1;
    const number = numberOfOwner.get(owner) ?? owners.push(owner) - 1;
    numberOfOwner.set(owner, number);
    return number;
  });
  const { parent, frame } = profile.stacks;
  // Stacks share few sets of owners: a number per stack, for 100,000 stacks have millions of nodes.
  const ownerSets: (readonly number[])[] = [[]];
  const numberOfSet = new Map<number, number>();
  const setOfStack = new Int32Array(parent.length);
  for (let node = 1; node < parent.length; node++) {
    const above = setOfStack[parent[node]!]!;
    setOfStack[node] = above;
    const owner = ownerOfFrame[frame[node]!]!;
    if (owner < 0 || ownerSets[above]!.includes(owner)) continue;
    const key = above * owners.length + owner;
    const number = numberOfSet.get(key) ?? ownerSets.push([...ownerSets[above]!, owner]) - 1;
    numberOfSet.set(key, number);
    setOfStack[node] = number;
  }
  const samplesByOwner = new Map<string, number>();
  let samples = 0;
  let cpuSamples = 0;
  for (const event of [profile.events.cpu, profile.events.wall]) {
    for (const stack of event?.samples.stack ?? []) {
      const seen = ownerSets[setOfStack[stack]!]!;
      if (seen.length > 0) samples++;
      if (seen.length > 0 && event === profile.events.cpu) cpuSamples++;
      for (const number of seen) {
        const owner = owners[number]!;
        samplesByOwner.set(owner, (samplesByOwner.get(owner) ?? 0) + 1);
      }
    }
  }
  return { samplesByOwner, samples, cpuSamples };
}
