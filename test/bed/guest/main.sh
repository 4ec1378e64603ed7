# shellcheck shell=dash disable=SC1091,SC2154
# Process 1 after init.sh: sets up a usual Linux, runs the command, and reports its exit status and output sizes.
# Ports, in this order: 1 standard output, 2 standard error, 3 report.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts -o mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
echo bed >/proc/sys/kernel/hostname
ip link set lo up
ulimit -n 65536

# The job's directory, which the kernel's command line has.
read -r cmdline </proc/cmdline
job=${cmdline##*bed.job=}
job=${job%% *}
. "$job/settings.sh"

# In a root of another architecture its own Node.js stands in for the host's.
if [ ! -e "$BED_NODE" ]; then
  mkdir -p "${BED_NODE%/*}"
  ln -s /opt/node/bin/node "$BED_NODE"
fi

modules=/lib/modules/$(uname -r)
mkdir -p "$modules"
mount --bind "$BED_MODULES" "$modules"
# ip_vs is loaded here, so that the command's first call need not wait for it.
modprobe ip_vs
if [ -n "$BED_OUTPUT" ]; then
  # Without a cache, so that files are on the host before the machine goes away.
  mkdir -p "$BED_OUTPUT"
  mount -t 9p -o rw,trans=virtio,version=9p2000.L,cache=none,msize=512000 output "$BED_OUTPUT"
fi

for port in out err report; do
  for name in /sys/class/virtio-ports/*/name; do
    read -r found <"$name" && [ "$found" = "bed.$port" ] && eval "$port=/dev/\$(basename \"\${name%/name}\")"
  done
done
# Held open to the end, since QEMU throws away what a port still has queued when its last user closes it.
exec 7>"$out" 8>"$err" 9>"$report"

# The command writes to pipes, since a port cannot be opened twice, as /dev/stderr needs. dd copies output as it
# comes, and counts.
mkfifo /run/bed/out /run/bed/err
dd bs=65536 </run/bed/out >&7 2>/run/bed/out.count 7>&- 8>&- 9>&- &
out_copy=$!
dd bs=65536 </run/bed/err >&8 2>/run/bed/err.count 7>&- 8>&- 9>&- &
err_copy=$!

{
  sh "$job/command.sh"
  status=$?
  # Where a fault of the processor killed the command (SIGILL, SIGTRAP, SIGBUS, SIGSEGV), the kernel's log has the
  # address and the file that it came from.
  case $status in 132 | 133 | 135 | 139) dmesg | grep -E 'segfault|traps:|general protection' | tail -n 5 >&2 ;; esac
} </dev/null >/run/bed/out 2>/run/bed/err 7>&- 8>&- 9>&-

# Processes that the command left running are killed, as they could hold the pipes open for ever.
for process in /proc/[0-9]*; do
  pid=${process#/proc/}
  case $pid in 1 | "$out_copy" | "$err_copy") continue ;; esac
  [ -e "$process/exe" ] && kill -9 "$pid" 2>/dev/null
done
wait "$out_copy" "$err_copy"
copied() { sed -n 's/^\([0-9]*\) bytes.*/\1/p' "$1"; }
echo "$status $(copied /run/bed/out.count) $(copied /run/bed/err.count)" >&9
# The host ends the machine once it has the report and all output.
while :; do sleep 60; done
