# A frozen control group (`docker pause`): nothing in it runs, nobody in it answers.

refuse_when_frozen() {
  [ -n "$cgroups" ] || return 0
  # v2, also beside v1: a group knows that one above it is frozen.
  for hierarchy in "$cgroups" "$cgroups/unified"; do
    [ -f "$hierarchy/cgroup.controllers" ] || continue
    group=$hierarchy${cgroup_two%/}
    [ -d "$group" ] || group=$hierarchy
    number_in "$group/cgroup.events" frozen
    [ "$value" != 1 ] || refuse target-frozen "its control group is frozen"
  done
  group=$cgroups/freezer${cgroup_freezer%/}
  [ -d "$group" ] || group=$cgroups/freezer
  line_of "$group/freezer.state"
  case $line in
    FROZEN | FREEZING) refuse target-frozen "its control group is $line" ;;
  esac
}
