# The JVM's control group, v2 or v1.

# /proc/PID/cgroup -> cgroup_two, cgroup_memory, cgroup_cpu, cgroup_pids, cgroup_freezer: the group's path in each
# hierarchy.
# shellcheck disable=SC2034 # each script reads those that it needs
read_cgroups() {
  cgroup_two='' cgroup_memory='' cgroup_cpu='' cgroup_pids='' cgroup_freezer=''
  {
    while IFS=: read -r number controllers path; do
      case $number:,$controllers, in
        0:,,) cgroup_two=$path ;;
        *,memory,*) cgroup_memory=$path ;;
        *,cpu,*) cgroup_cpu=$path ;;
        *,pids,*) cgroup_pids=$path ;;
        *,freezer,*) cgroup_freezer=$path ;;
      esac
    done <"/proc/$1/cgroup"
  } 2>/dev/null || :
}

# Where the group can be seen -> cgroups. /sys/fs/cgroup of an agent next to the JVM is its own container's, which says
# nothing about the JVM's. The JVM's own has its group as the root. Empty: nowhere, and then no numbers are better
# than ours.
find_cgroups() { # own, or apart where the JVM sees other files than we do; PID
  cgroups=/sys/fs/cgroup
  [ "$1" = apart ] || return 0
  if [ -f $cgroups/cgroup.controllers ]; then group=$cgroups$cgroup_two; else group=$cgroups/memory$cgroup_memory; fi
  # A group beside ours is called /../NAME.
  case $group in
    */../* | */..) group= ;;
  esac
  [ -d "$group" ] || cgroups=/proc/$2/root/sys/fs/cgroup
  [ -d "$cgroups" ] || cgroups=
}

# Prints cpu.stat of the group as cpu.KEY=VALUE.
say_cpu_stat() {
  cpu_stat=
  if [ -f "$cgroups/cgroup.controllers" ]; then
    cpu_stat=$cgroups${cgroup_two%/}/cpu.stat
    [ -f "$cpu_stat" ] || cpu_stat=$cgroups/cpu.stat
  elif [ -n "$cgroups" ]; then
    cpu_stat=$cgroups/cpu${cgroup_cpu%/}/cpu.stat
    [ -f "$cpu_stat" ] || cpu_stat=$cgroups/cpu/cpu.stat
    line_of "$cgroups/cpuacct${cgroup_cpu%/}/cpuacct.usage"
    [ -n "$line" ] || line_of "$cgroups/cpuacct/cpuacct.usage"
    [ -z "$line" ] || say cpu.usage_nanos "$line"
  fi
  {
    while read -r key value; do say "cpu.$key" "$value"; done <"$cpu_stat"
  } 2>/dev/null || :
}
