/**
 * Every reason why an alert was not profiled, a capture was skipped or failed, or its mark is not on the panel:
 * one list for the ledger, pages, annotations, metrics, `explain` and docs. A code is never renamed:
 * ledgers and dashboards hold it. The sentence says what happened, the remedy what to do.
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
    'This is not an Alertmanager or Grafana notification.',
    'Point the webhook here without a custom payload or template.',
  ),
  'notification-version': final(
    'This version of the notification payload is not supported.',
    'flamepin reads version "4" (Alertmanager) and "1" (Grafana).',
  ),
  'notification-too-large': final(
    'The notification holds more than flamepin accepts at once.',
    'Group fewer alerts into one notification (`group_by` on its route), or set `max_alerts: 10000` on its receiver.',
  ),
  'no-route': final(
    'No route matches this alert.',
    'Change what fails in the closest route, set the label in the alert rule, or add a route that matches the labels.',
  ),
  'test-alert': final('This is a test alert from Grafana.', 'Nothing to do: the webhook works.'),
  'no-data-alert': final(
    'The alert says that data is missing or its rule failed, not that a service is slow.',
    'Fix the alert rule or its data source.',
  ),
  'duplicate-alert': final(
    'This firing of the alert has already been handled.',
    'Nothing to do: see the earlier capture.',
  ),
  cooldown: final(
    'The workload was profiled recently.',
    'See the earlier capture, or shorten `cooldown` on the route.',
  ),
  'observe-mode': final(
    'flamepin is in observe mode: nothing was profiled.',
    'Set `mode: capture` when you are happy with what it would do.',
  ),
  paused: final(
    'Captures are paused.',
    'Resume with `POST /resume` and the captures token, or send flamepin SIGUSR1. The alert is then captured at its next notification if it still fires.',
  ),
  'alert-resolved': final('The alert has resolved.', 'Nothing to do.'),
  'no-target-labels': final(
    'The alert has no label that leads to a JVM.',
    'Keep pod, instance or workload labels in the alert expression, or set `target` on the route.',
  ),
  'other-cluster': final(
    'The alert comes from another cluster.',
    'Send it to the flamepin in that cluster, or correct `cluster` in the configuration.',
  ),

  'not-here': final(
    'The alert is about another machine.',
    'Nothing to do if another flamepin looks after it. If it is this machine, add the name to `targets.host.names`; if it is to be reached over SSH, to `targets.ssh.hosts` or its inventory.',
  ),

  // Waiting and limits.
  'deadline-passed': final(
    'The capture waited too long for its turn; the spike may be over.',
    'Raise `limits.total` or `limits.perNode`, or `limits.deadline` if a late profile is still useful.',
  ),
  'sibling-late': final(
    'No slot was free for the sibling within seconds of the alerting pod: the windows would not have been the same.',
    'Raise `limits.total`, or `limits.perNode` where both pods run on one node.',
  ),
  'queue-full': final('Too many captures are waiting.', 'Raise `limits.queue`, or narrow the routes.'),
  interrupted: final(
    'flamepin stopped during this capture and could not collect the recording.',
    'Nothing is left running: async-profiler stops by itself. Wait for the next alert, or capture by hand.',
  ),
  'target-blocked': final(
    'This workload is blocked: an earlier target died or restarted within five minutes of its window.',
    'Find out why it died; release the block with `flamepin release` if profiling is not to blame.',
  ),

  // Finding the target.
  'target-not-found': final(
    'No process, container or pod matches the alert.',
    'It may already be gone; check the labels with `flamepin explain`.',
  ),
  'target-ambiguous': final(
    'Several targets match the alert and nothing says which one is meant.',
    'Add a namespace or pod label, or a more specific `target` on the route.',
  ),
  'choice-needs-exec': final(
    'Only a look inside the candidates shows which one to profile, and `explain` runs nothing in a target.',
    'For pods, keep the pod label in the alert, or let Prometheus or metrics.k8s.io tell them apart. On a host over SSH, the capture looks once it has logged in.',
  ),
  'target-not-running': final(
    'The target is not running.',
    'Check its own logs: it may be starting, stopping or crashing.',
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
    'Add a replica, or turn `protectOnlyReplica` off.',
  ),
  'not-a-jvm': final(
    'No JVM is running there.',
    'Check the `process` pattern or the container named by the alert.',
  ),
  'jvm-unsupported': final(
    'What runs there cannot be profiled with async-profiler.',
    'It profiles HotSpot (OpenJDK and its builds) from JDK 8 on. For OpenJ9, take a javacore; a native image is a binary for perf.',
  ),
  'target-gone': final('The target went away.', 'It exited or was replaced; check its own logs.'),

  'namespace-not-configured': final(
    'flamepin is not configured for this namespace.',
    'Add it to `targets.kubernetes.namespaces`, and create a RoleBinding there.',
  ),
  'target-kind-unsupported': final(
    'This kind of target is not supported yet.',
    'Use another kind of target: kubernetes, docker, ssh or host.',
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
    'The JVM runs as a user that flamepin cannot act as.',
    'Let flamepin run commands there as the same user and group, or as root.',
  ),
  'capability-missing': final(
    'flamepin runs there as root, but without a capability that this target needs.',
    'Grant the capability that the detail names (`--cap-add`, `securityContext.capabilities`, `AmbientCapabilities=`), or run flamepin as the user of the JVM.',
  ),
  'user-namespace': final(
    'The files of the target belong to a user namespace in which flamepin has no rights.',
    'Run flamepin as the user that started the rootless container, or reach the container through its engine (`targets.docker`).',
  ),
  'tmp-not-writable': final(
    'The /tmp of the target is not writable.',
    'Mount an emptyDir (or a tmpfs) at /tmp.',
  ),
  'tmp-full': final(
    'The target has too little space for the profiler and a recording.',
    'Free up space in /tmp, /var/tmp or /dev/shm: 7 MB is enough for a window of 60 s.',
  ),
  'tmp-noexec': final('No writable directory in the target allows execution.', 'Mount /tmp without noexec.'),
  'foreign-profiler': final(
    'Another profiler is active in the JVM.',
    'Let it finish, or exclude this workload from one of the two.',
  ),
  'target-stopped': final(
    'The process is stopped (SIGSTOP).',
    'Resume it with SIGCONT; a stopped JVM cannot be profiled.',
  ),
  'target-frozen': final(
    'The cgroup of the target is frozen.',
    'Thaw it (`docker unpause`); nothing in it runs until then.',
  ),
  'threads-full': final(
    'The target has no room for the threads that profiling needs: attaching would kill the JVM.',
    'Look for a thread leak, which the detail may name, or raise the limit it names.',
  ),
  'descriptors-full': final(
    'The JVM has too few file descriptors left for profiling.',
    'Look for files and connections that are never closed, or raise its limit on open files.',
  ),
  'file-size-limited': final(
    'The file size limit in the target is too low for a recording.',
    'Raise the limit on file size that the detail names: `ulimit -f`, or `LimitFSIZE=` of a systemd unit.',
  ),
  'memory-low': final(
    'The target has less than 64 MB of memory left below its limit.',
    'Raise its memory limit, or lower its heap, until 64 MB stay free: the profiler takes about 25 MB, and the JVM needs the rest for itself.',
  ),
  'no-shell': final(
    'The container has no shell.',
    'Turn on ephemeral containers (`targets.kubernetes.ephemeral`), or a second container on a Docker engine (`targets.docker.secondContainer`).',
  ),
  'architecture-unknown': final(
    'async-profiler has no build for this machine.',
    'Only linux-x64 and linux-arm64 are supported.',
  ),
  'payload-rejected': passing(
    'The profiler was damaged on its way to the target.',
    'Nothing was started. If it happens again, look for a broken proxy in between.',
  ),

  // Reaching the target.
  'exec-denied': final(
    'flamepin is not allowed to run commands in the target.',
    'Grant the missing permission; `flamepin doctor` names it. The chart grants it in its Role.',
  ),
  'exec-timeout': passing(
    'The target did not answer in time.',
    'The node may be overloaded; whatever was started there stops by itself.',
  ),
  'exec-disconnected': passing(
    'The connection to the target broke.',
    'Whatever was started there stops by itself.',
  ),
  'memory-too-small': final(
    'Reading this recording needs more memory than flamepin has.',
    'Raise its memory limit (`resources.limits.memory` in the chart). The recording is kept: download it and read it with `flamepin render`.',
  ),
  'exec-overflow': final(
    'The target sent more than flamepin accepts.',
    'Raise `limits.maxRecordingBytes` if the recording really is that large.',
  ),
  'exec-unavailable': passing(
    'The API server, engine or host could not be reached.',
    'Check the connection with `flamepin doctor`.',
  ),
  'inventory-unavailable': passing(
    'A list of hosts could not be read, so it is not known whether the alert is about one of them.',
    'Check `targets.ssh.inventory`; `flamepin doctor` reads each of its sources.',
  ),
  'host-key-unknown': final(
    'The key of the host is not known, so flamepin does not log in there.',
    'Compare its fingerprint with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host, then add the key to `targets.ssh.knownHostsFile`, or to ~/.ssh/known_hosts.',
  ),
  'ephemeral-failed': final(
    'The ephemeral container did not start.',
    'Check that the agent image can be pulled and that the pod may have ephemeral containers.',
  ),
  'second-container-failed': final(
    'The second container beside the JVM did not start.',
    'Pull the image of `targets.docker.secondContainer` on the machine of the engine, and check with `flamepin doctor`.',
  ),

  // Profiling and reading.
  'profiler-unavailable': final(
    'async-profiler could not be downloaded or read.',
    'Put its files in a directory, and set `profiler.directory` to that directory.',
  ),
  'profiler-failed': final('async-profiler could not start.', 'Its own message is in the detail.'),
  'answer-malformed': final(
    "The target's answer makes no sense, so its profile was discarded.",
    'The detail says which value. Find out what changes /proc, or the output of commands, in that container.',
  ),
  'jvm-starting': final(
    'The JVM is still starting.',
    'It cannot be profiled until it is up. With -XX:+AlwaysPreTouch it first writes to its whole heap.',
  ),
  'jvm-busy': final(
    'The JVM did not answer: its VM thread or its garbage collector is busy.',
    'It may be writing a heap dump, in a long collection, or out of heap: check its log and its memory.',
  ),
  'jvm-silent': final(
    'The JVM did not answer the attach request.',
    'Check its log: `AttachListener::init` there means that its heap is full.',
  ),
  'another-jvm-answers': final(
    'Attach requests to this JVM are answered by another one.',
    'Two containers share a /tmp, and their JVMs have the same process id, so they share a socket there. Give each container a /tmp of its own.',
  ),
  'shell-unsupported': final(
    "The target's shell lacks what the checks need.",
    'dash, bash, busybox ash, ksh, mksh, yash and zsh are known to work as /bin/sh.',
  ),
  'profiler-conflict': final(
    'An async-profiler session is already active in the JVM.',
    'Let it finish, or stop it with `asprof stop`.',
  ),
  'recording-missing': final(
    'The recording is missing.',
    'The target may have been killed, or its /tmp cleaned, during the window.',
  ),
  'recording-damaged': final(
    'The recording could not be read.',
    'The raw file is kept if all of it was fetched; try `flamepin render` on it.',
  ),
  'recording-empty': final(
    'The recording holds no samples.',
    'The JVM was idle during the window, or other events were recorded.',
  ),
  'event-not-recorded': final(
    'The recording holds no samples of this event.',
    'Ask for an event that it holds, or record it: async-profiler takes --wall, --alloc and --lock alongside -e.',
  ),
  'analysis-timeout': final(
    'Reading the recording took too long.',
    'The raw file is kept; try `flamepin render` on it.',
  ),

  // Comparing.
  'workload-alerting': final(
    'An alert for this workload is open: this would not be a healthy baseline.',
    'Take it once the alert has resolved; flamepin learns that from senders with `send_resolved: true`.',
  ),
  'comparison-with-itself': final(
    'This is the same capture.',
    'Set `against` to another capture of its workload.',
  ),
  'comparison-unlike': final(
    'The two captures are not of the same workload.',
    'Compare captures of the same workload: the list can be filtered by workload.',
  ),
  'recorded-differently': final(
    'The two recordings cannot be compared: samples of one count something else than those of the other.',
    'Record both with the same profiler, engine and events, or compare another event with --event.',
  ),
  'comparison-without-profile': final(
    'One of the two captures has no profile.',
    'Only finished captures within their retention can be compared.',
  ),
  'export-busy': passing('Other profiles are being converted.', 'Ask again in a few seconds.'),
  'comparison-busy': passing('Other comparisons are running.', 'Reload in a few seconds.'),

  // Storing and telling.
  'store-unavailable': passing(
    'The artifact store could not be reached.',
    'flamepin keeps trying; check the connection with `flamepin doctor`.',
  ),
  'store-denied': passing(
    'The artifact store refused the credentials or the request.',
    'flamepin keeps trying; check credentials, bucket and permissions with `flamepin doctor`.',
  ),
  'store-missing': passing(
    'The bucket or directory does not exist.',
    'flamepin keeps trying; create it or mount it, or correct `storage` in the configuration.',
  ),
  'store-full': passing(
    'The artifact store is full.',
    'flamepin keeps trying; free up space, or keep less (`retention`).',
  ),
  'spool-full': final(
    'The artifact store was unavailable for so long that recordings filled the spool; the oldest were discarded.',
    "Bring the store back, and give the ledger's volume more space: the spool may take half of what the ledger may.",
  ),
  'storing-cut-off': passing(
    'Storing was cut off too often: flamepin stopped or failed in the middle of it each time. The recording is kept.',
    "Look in flamepin's log for the capture's id, and for restarts (out of memory?). flamepin tries again every ten minutes, and at once with `flamepin store`.",
  ),
  'artifact-expired': final(
    'The artifact has passed its retention and was deleted.',
    'Nothing to do: the written answer is kept here.',
  ),
  'grafana-unavailable': passing(
    'Grafana could not be reached.',
    'flamepin keeps trying; only the mark on the panel is late.',
  ),
  'grafana-denied': final(
    'Grafana refused the token.',
    'Give the service account permission to edit annotations on the dashboard.',
  ),
  'grafana-rejected': final('Grafana did not accept the annotation.', 'Its own message is in the detail.'),
  'panel-not-found': final(
    'The dashboard or panel of the alert does not exist.',
    'Correct `grafana.panels` or the annotations of the alert rule.',
  ),
  'panel-unknown': final(
    'Nothing says which panel the alert belongs to.',
    'Add __dashboardUid__ and __panelId__ to the rule, or an entry under `grafana.panels`.',
  ),

  // What only `doctor` and `explain` look at.
  'public-url-wrong': final(
    'The public URL leads somewhere else.',
    'Correct `server.publicUrl`, or the proxy in front of flamepin.',
  ),
  'service-unreachable': passing(
    'The service could not be reached.',
    'Check its address, the network policy and the proxy in between.',
  ),
  'service-refused': final('The service refused the request.', 'Check its token and permissions.'),
  'clock-skew': final(
    'The clocks disagree.',
    'Sync both machines with NTP; signatures and timelines depend on it.',
  ),

  'alerts-unreadable': final(
    '`explain` finds no alerts in this.',
    'Pass a webhook body, an array from /api/v2/alerts or a file of alerting rules; or use --label NAME=VALUE.',
  ),
  'file-unreadable': final('The file could not be read.', 'Check its path and permissions.'),
  'file-unwritable': final(
    'The output could not be written.',
    'Check the path, its permissions and the free space.',
  ),
  'rule-file-malformed': final(
    'This is not a file of alerting rules.',
    'Pass a rule file of Prometheus, Mimir or vmalert (`groups`), or PrometheusRule objects; the detail says where it differs.',
  ),
  'file-not-a-recording': final(
    'The file is not a recording that flamepin can read.',
    'Pass a complete JFR file from async-profiler or the JDK, gzipped or not; render also takes folded stacks.',
  ),
  'stacks-without-times': final(
    'Folded stacks hold neither times nor threads, so they can only be drawn as a static picture.',
    'Add --format svg, or render the recording they were made from.',
  ),

  // Our own faults, and those of this machine.
  'ledger-full': passing(
    'The disk that holds the ledger is full.',
    'Free up space; Alertmanager sends the notification again.',
  ),
  'ledger-locked': final(
    'Another flamepin has the ledger open.',
    'Stop the other one, or give each its own `ledger.sqlite.path`; one ledger serves one replica.',
  ),
  'ledger-lost': final(
    'The ledger file was deleted, moved, replaced or changed while flamepin had it open.',
    'If it was moved, move it back within 90 s. Otherwise flamepin exits, and starts with whatever is at `ledger.sqlite.path` then; stop it before you restore a copy.',
  ),
  'ledger-too-new': final(
    'The ledger was written by a newer flamepin.',
    'Run that version or a later one, or point `ledger.sqlite.path` at a new file.',
  ),
  'ledger-unreadable': final(
    'The ledger database is damaged, or belongs to another program.',
    'Check `ledger.sqlite.path`; restore the file, or move it away to start with an empty ledger.',
  ),
  'ledger-unavailable': passing(
    'The ledger database could not be opened, read or written.',
    'Check that the directory exists and is writable, and that its disk is healthy.',
  ),
  'capture-unreadable': final(
    'The record of this capture cannot be read, so work on it has stopped.',
    'The detail names the field. It was damaged, or written by another version; report it if this version wrote it.',
  ),
  'capture-given-up': final(
    'Work on this capture was cut off too often: flamepin stopped or failed in the middle of it each time.',
    "Look in flamepin's log for the capture's id, and for restarts (out of memory?); then start it again by hand.",
  ),
  'queue-stuck': passing(
    'The queue is stuck: some of its work is not being picked up.',
    "The detail says which and since when; flamepin's log says why.",
  ),
  'cannot-listen': final(
    'flamepin cannot listen on its address.',
    'Stop the program that uses it, or change `server.host` or `server.port`.',
  ),
  'internal-error': final(
    'An error in flamepin itself.',
    'Please report it with the log lines of this capture.',
  ),
} as const satisfies Record<string, ReasonText>;

export type ReasonCode = keyof typeof reasons;
