/**
 * Every reason why an alert was not profiled, a capture was skipped or failed, or its mark is not on the panel:
 * one list for the ledger, pages, annotations, metrics, `explain` and docs. A code is never renamed: it stands
 * in ledgers and dashboards. The sentence says what happened, the remedy what to do.
 */
interface ReasonText {
  sentence: string;
  remedy: string;
  /** True when the same attempt may succeed later by itself. */
  retryable: boolean;
}

const final = (sentence: string, remedy: string): ReasonText => ({ sentence, remedy, retryable: false });
const passing = (sentence: string, remedy: string): ReasonText => ({ sentence, remedy, retryable: true });

export const reasons = {
  // The alert, before there is a capture.
  'notification-malformed': final(
    'This is not a notification of Alertmanager or Grafana.',
    'Point the webhook here without a custom payload or template.',
  ),
  'notification-version': final(
    'This version of the notification payload is not known.',
    'flamepin reads version "4" (Alertmanager) and "1" (Grafana).',
  ),
  'notification-too-large': final(
    'The notification holds more than flamepin takes at once.',
    'Group fewer alerts into one notification (`group_by` on its route), or set `max_alerts: 10000` on its receiver.',
  ),
  'no-route': final(
    'No route matches this alert.',
    'Add a route whose matchers fit its labels; `flamepin explain` shows which came close.',
  ),
  'test-alert': final('This is a test alert from Grafana.', 'Nothing to do: the webhook works.'),
  'no-data-alert': final(
    'The alert says that data is missing or its rule failed, not that a service is slow.',
    'Fix the alert rule or its data source.',
  ),
  'duplicate-alert': final(
    'This firing of the alert has been handled already.',
    'Nothing to do: see the earlier capture.',
  ),
  cooldown: final(
    'The workload was profiled a short while ago.',
    'See the earlier capture, or shorten `cooldown` on the route.',
  ),
  'observe-mode': final(
    'flamepin only observes; it would have profiled this.',
    'Set `mode: capture` when you are content with what it would do.',
  ),
  paused: final(
    'Captures are on hold.',
    'Resume with SIGUSR1 or POST /pause when profiling is wanted again.',
  ),
  'alert-resolved': final('The alert has resolved.', 'Nothing to do.'),
  'no-target-labels': final(
    'The alert carries no label that leads to a JVM.',
    'Keep pod, instance or workload labels in the alert expression, or set `target` on the route.',
  ),
  'other-cluster': final(
    'The alert comes from another cluster.',
    'Send it to the flamepin of that cluster, or correct `cluster` in the configuration.',
  ),

  // Waiting and limits.
  'deadline-passed': final(
    'The capture waited too long for its turn; the spike may be over.',
    'Raise `limits.total` or `limits.perNode`, or `limits.deadline` if a late profile is still of use.',
  ),
  'sibling-late': final(
    'The sibling found no free place within seconds of the pod that it belongs to: it would not have been the same window.',
    'Raise `limits.total`, or `limits.perNode` where both pods run on one node.',
  ),
  'queue-full': final('Too many captures are waiting.', 'Raise `limits.queue`, or narrow the routes.'),
  interrupted: final(
    'flamepin was stopped in the middle of this capture and could not collect it.',
    'Nothing is left running: async-profiler ends by itself. Wait for the next alert, or capture by hand.',
  ),
  'target-blocked': final(
    'This workload is blocked: an earlier target died or restarted within five minutes of its window.',
    'Look at why it died; release the block with `flamepin release` when profiling is not to blame.',
  ),

  // Finding the target.
  'target-not-found': final(
    'No process, container or pod fits the alert.',
    'It may be gone already; check the labels with `flamepin explain`.',
  ),
  'target-ambiguous': final(
    'Several targets fit the alert and nothing says which one is meant.',
    'Add a namespace or pod label, or a more exact `target` on the route.',
  ),
  'target-not-running': final(
    'The target is not running.',
    'Look at its own logs: it may be starting, ending or crashing.',
  ),
  'target-restarted': final(
    'The target has restarted since the alert began.',
    'The process that was slow is gone; wait for the alert to fire again.',
  ),
  'target-denied': final(
    'The workload does not allow profiling.',
    'Its annotation or label `flamepin.io/profile` decides; ask its owner.',
  ),
  'target-only-replica': final(
    'This is the only ready replica, and the configuration protects it.',
    'Add a replica, or switch `protectOnlyReplica` off.',
  ),
  'not-a-jvm': final(
    'No JVM runs there.',
    'Check the `process` pattern or the container named by the alert.',
  ),
  'target-gone': final('The target went away.', 'It exited or was replaced; see its own logs.'),

  'namespace-not-configured': final(
    'The namespace is not one that flamepin may look into.',
    'Add it to `targets.kubernetes.namespaces`, and a RoleBinding there.',
  ),
  'target-kind-unsupported': final(
    'This kind of target is not supported yet.',
    'Use a kubernetes or host target.',
  ),

  // Before attaching: nothing has been touched.
  'sigquit-not-caught': final(
    'The JVM does not catch SIGQUIT (it runs with -Xrs), so attaching would kill it.',
    'Remove -Xrs from its options.',
  ),
  'attach-disabled': final(
    'The JVM was started with -XX:+DisableAttachMechanism or without dynamic agent loading.',
    'Remove the option from the JVM.',
  ),
  'other-user': final(
    'The JVM runs as another user than flamepin may act as.',
    'Let flamepin reach the target as the same user and group, or as root.',
  ),
  'tmp-not-writable': final('/tmp of the target is not writable.', 'Mount an emptyDir (or a tmpfs) at /tmp.'),
  'tmp-full': final(
    'The target has too little room for the profiler and a recording.',
    'Make room in /tmp, /var/tmp or /dev/shm: 7 MB are enough for a window of 60 s.',
  ),
  'tmp-noexec': final('No writable directory of the target allows execution.', 'Mount /tmp without noexec.'),
  'foreign-profiler': final(
    'Another profiler is active in the JVM.',
    'Let it finish, or exclude this workload from one of the two.',
  ),
  'target-stopped': final(
    'The process is stopped (SIGSTOP).',
    'Continue it with SIGCONT; a stopped JVM cannot be profiled.',
  ),
  'target-frozen': final(
    'The control group of the target is frozen.',
    'Thaw it (`docker unpause`); nothing in it runs until then.',
  ),
  'threads-full': final(
    'The target has no room for the threads that profiling needs: attaching would end the JVM.',
    'Look for a thread leak, which the detail may name, or raise the limit that it names.',
  ),
  'descriptors-full': final(
    'The JVM has no room for the file descriptors that profiling needs.',
    'Look for files and connections that are never closed, or raise its limit of open files.',
  ),
  'memory-low': final(
    'Less than 64 MB of memory is left under the limit of the target.',
    'Raise its memory limit: the profiler needs about 25 MB.',
  ),
  'no-shell': final(
    'The container has no shell.',
    'Switch ephemeral containers on (`target.kubernetes.ephemeral`).',
  ),
  'architecture-unknown': final(
    'async-profiler has no build for this machine.',
    'Only linux-x64 and linux-arm64 are supported.',
  ),
  'payload-rejected': passing(
    'The profiler arrived damaged in the target.',
    'Nothing was started. If it happens again, look for a broken proxy in between.',
  ),

  // Reaching the target.
  'exec-denied': final(
    'flamepin may not run commands in the target.',
    'Grant the rights in the role of the chart; `flamepin doctor` names the missing one.',
  ),
  'exec-timeout': passing(
    'The target did not answer in time.',
    'The node may be overloaded; what was started there ends by itself.',
  ),
  'exec-disconnected': passing(
    'The connection to the target broke.',
    'What was started there ends by itself.',
  ),
  'memory-too-small': final(
    'Reading this recording takes more memory than flamepin has.',
    'Raise its memory limit (in the chart `resources.limits.memory`). The recording is kept: download it, and read it with `flamepin render`.',
  ),
  'exec-overflow': final(
    'The target sent more than flamepin accepts.',
    'Raise `limits.maxRecordingBytes` if the recording really is that large.',
  ),
  'exec-unavailable': passing(
    'The API server, engine or host could not be reached.',
    'Check the connection with `flamepin doctor`.',
  ),
  'ephemeral-failed': final(
    'The ephemeral container did not start.',
    'Check that the agent image can be pulled and that the pod may have one.',
  ),

  // Profiling and reading.
  'profiler-unavailable': final(
    'async-profiler could not be obtained.',
    'Put its files into a directory and name it as `profiler.directory`.',
  ),
  'profiler-failed': final('async-profiler could not start.', 'Its own words are in the detail.'),
  'answer-malformed': final(
    "The target's answer cannot be right, so its profile was given up.",
    'The detail says which value. Look for what changes /proc, or the output of commands, in that container.',
  ),
  'jvm-starting': final(
    'The JVM is still starting.',
    'It cannot be profiled before it is up. With -XX:+AlwaysPreTouch it first writes to its whole heap.',
  ),
  'jvm-busy': final(
    'The JVM did not answer: its VM thread or its garbage collector is at work.',
    'It may be in a heap dump or a long collection, or its heap is full: look at its log and its memory.',
  ),
  'jvm-silent': final(
    'The JVM did not answer the request to attach.',
    'Look at its log: `AttachListener::init` there means that its heap is full.',
  ),
  'shell-unsupported': final(
    'The shell of the target lacks what the checks need.',
    'dash, bash, busybox ash, ksh, mksh, yash and zsh are known to work as /bin/sh.',
  ),
  'profiler-conflict': final(
    'A session of async-profiler is active in the JVM already.',
    'Let it finish, or stop it with `asprof stop`.',
  ),
  'recording-missing': final(
    'The recording is not there.',
    'The target may have been killed, or its /tmp cleaned, in the window.',
  ),
  'recording-damaged': final(
    'The recording could not be read.',
    'The raw file is kept when it was fetched whole; try `flamepin render` on it.',
  ),
  'recording-empty': final(
    'The recording holds no samples.',
    'The JVM was idle in the window, or other events were recorded.',
  ),
  'event-not-recorded': final(
    'The recording holds no samples of this event.',
    'Ask for an event that it holds, or record it: async-profiler takes --wall, --alloc and --lock beside -e.',
  ),
  'analysis-timeout': final(
    'Reading the recording took too long.',
    'The raw file is kept; try `flamepin render` on it.',
  ),

  // Comparing.
  'workload-alerting': final(
    'An alert of this workload is open: this would be no baseline of good health.',
    'Take it once the alert has resolved; flamepin learns of that from senders with `send_resolved: true`.',
  ),
  'comparison-with-itself': final(
    'This is the same capture.',
    'Name another capture of its workload as `against`.',
  ),
  'comparison-unlike': final(
    'The two captures are not of one workload.',
    'Compare captures of one workload: the list can be filtered by it.',
  ),
  'comparison-without-profile': final(
    'One of the two captures has no profile.',
    'Only finished captures within their retention can be compared.',
  ),
  'comparison-busy': passing('Other comparisons are being made.', 'Reload in a few seconds.'),

  // Storing and telling.
  'store-unavailable': passing(
    'The artifact store could not be reached.',
    'flamepin keeps trying; check the connection with `flamepin doctor`.',
  ),
  'store-denied': passing(
    'The artifact store refused the credentials or the request.',
    'flamepin keeps trying; check credentials, bucket and rights with `flamepin doctor`.',
  ),
  'store-missing': passing(
    'The bucket or directory does not exist.',
    'flamepin keeps trying; create it or mount it, or correct `storage` in the configuration.',
  ),
  'store-full': passing(
    'The artifact store has no room left.',
    'flamepin keeps trying; free space, or keep less (`retention`).',
  ),
  'spool-full': final(
    'The artifact store was away for so long that recordings filled the spool; the oldest were given up.',
    'Bring the store back, and give the volume of the ledger more room: the spool may take half of what the ledger may.',
  ),
  'artifact-expired': final(
    'The artifact has passed its retention and was deleted.',
    'Nothing to do: the answer in words is kept here.',
  ),
  'grafana-unavailable': passing(
    'Grafana could not be reached.',
    'flamepin keeps trying; only the mark on the panel is late.',
  ),
  'grafana-denied': final(
    'Grafana refused the token.',
    'Give the service account the right to edit annotations on the dashboard.',
  ),
  'grafana-rejected': final('Grafana did not accept the annotation.', 'Its own words are in the detail.'),
  'panel-not-found': final(
    'The dashboard or panel of the alert does not exist.',
    'Correct `grafana.panels` or the annotations of the alert rule.',
  ),
  'panel-unknown': final(
    'Nothing says which panel the alert belongs to.',
    'Add __dashboardUid__ and __panelId__ to the rule, or an entry under `grafana.panels`.',
  ),

  // What only `doctor` looks at.
  'public-url-wrong': final(
    'The public URL leads somewhere else.',
    'Correct `server.publicUrl`, or the proxy in front of flamepin.',
  ),
  'service-unreachable': passing(
    'The service could not be reached.',
    'Check its address, the network policy and the proxy in between.',
  ),
  'service-refused': final('The service refused the request.', 'Check its token and rights.'),
  'clock-skew': final(
    'The clocks are apart.',
    'Let both machines keep time by NTP; signatures and timelines depend on it.',
  ),

  'file-unreadable': final('The file could not be read.', 'Check its path and rights.'),
  'file-unwritable': final('The output could not be written.', 'Check the path, its rights and free space.'),
  'file-not-a-recording': final(
    'The file is not a recording that can be read.',
    'Name a whole JFR file of async-profiler or the JDK, gzipped or not; render takes folded stacks, too.',
  ),
  'stacks-without-times': final(
    'Folded stacks hold neither times nor threads: only a static picture can be made of them.',
    'Add --format svg, or render the recording that they were made from.',
  ),

  // Faults of ours and of this machine.
  'ledger-full': passing(
    'The disk that holds the ledger is full.',
    'Free space; Alertmanager sends the notification again.',
  ),
  'ledger-locked': final(
    'Another flamepin has the ledger open.',
    'Stop the other one, or give each its own `ledger.sqlite.path`; several replicas need `ledger.postgres`.',
  ),
  'ledger-lost': final(
    'The file of the ledger was deleted, moved, replaced or changed while flamepin had it open.',
    'Move it back within 90 s if it was moved. Else flamepin ends, and starts with what is at `ledger.sqlite.path` then; stop it before you restore a copy.',
  ),
  'ledger-too-new': final(
    'The ledger was written by a newer flamepin.',
    'Run that version or a later one, or point `ledger.sqlite.path` at a new file.',
  ),
  'ledger-unreadable': final(
    'The database of the ledger is damaged, or belongs to another program.',
    'Check `ledger.sqlite.path`; restore the file, or move it away to begin with an empty ledger.',
  ),
  'ledger-unavailable': passing(
    'The database of the ledger could not be opened, read or written.',
    'Check that the directory exists and is writable, and that its disk is well.',
  ),
  'capture-unreadable': final(
    'The record of this capture cannot be read, so no work goes on with it.',
    'The detail names the field. It was damaged, or written by another version; report it if this one wrote it.',
  ),
  'capture-given-up': final(
    'Work on this capture was cut off too often: flamepin ended or failed in the middle of it each time.',
    "Look in flamepin's log for the capture's id, and for restarts (out of memory?); then start it again by hand.",
  ),
  'queue-stuck': passing(
    'The queue does not move: some of its work is not taken up.',
    "The detail says which and since when; flamepin's log says why.",
  ),
  'internal-error': final(
    'A fault in flamepin itself.',
    'Please report it with the log lines of this capture.',
  ),
} as const satisfies Record<string, ReasonText>;

export type ReasonCode = keyof typeof reasons;
