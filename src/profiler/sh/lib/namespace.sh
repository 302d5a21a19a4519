# The PID namespace in which our numbers of processes hold. Containers that share a /tmp (an emptyDir of their pod) have
# one each: a process that one of them cannot see may well run in the other.

# -> namespace, one word for it and the boot of its kernel; empty where it cannot be read
read_namespace() {
  line_of /proc/sys/kernel/random/boot_id
  namespace=$(readlink /proc/self/ns/pid 2>/dev/null)
  [ -z "$namespace" ] || namespace=$line/$namespace
}
