#!/bin/sh
# The command ipvs, as npm links it: a script, as one file has to do for all architectures. What ipvsadm might do, and the list, is left
# to ipvs-quick, for Node.js takes several times as long to start; ipvs-quick itself starts Node.js for whatever it does not
# know. Nothing here starts a process of its own, each of which would cost as much as this shell.

# npm links commands from node_modules/.bin, or from bin for global packages. Looking there first spares readlink.
# shellcheck disable=SC3013 # -ef: dash, bash and busybox have it
for here in "${0%/*}" "${0%/*}/../ipvs/dist" "${0%/*}/../lib/node_modules/ipvs/dist" ''; do
  [ "$0" -ef "$here/ipvs" ] && [ -f "$here/ipvs.cjs" ] && break
done
if [ -z "$here" ]; then
  here=$(readlink -f "$0")
  here=${here%/*}
fi

# A closed standard output is filled, for Node.js would print to /dev/null and end with 0, and a socket could get its
# number. Writing to this fails as it would to a closed one.
{ true 3>&1; } 2>/dev/null || exec 1</dev/null

case ${1-} in
-* | list)
  # A shell's own default is not in the environment, where ipvs-quick looks for Node.js.
  export PATH
  # Since Linux 6.1 the kernel tells the architecture in a file, which is read without starting a program.
  machine=
  [ -r /proc/sys/kernel/arch ] && read -r machine </proc/sys/kernel/arch
  # Node.js' name of it is in the program's: one compiled elsewhere would end this shell, or be read as a script.
  case ${machine:=$(uname -m)} in
  x86_64) machine=x64 ;;
  aarch64) machine=arm64 ;;
  armv*) machine=arm ;;
  i?86) machine=ia32 ;;
  ppc64le) machine=ppc64 ;;
  loongarch64) machine=loong64 ;;
  esac
  for quick in "$here/../native/build/Release/ipvs-quick-$machine" "$here/../prebuilds/linux-$machine/ipvs-quick"; do
    [ -x "$quick" ] && exec "$quick" "$here/ipvs.cjs" "$@"
  done
  ;;
esac

exec node "$here/ipvs.cjs" "$@"
