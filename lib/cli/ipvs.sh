#!/bin/sh
# The command ipvs, as npm links it. Listings that are polled are left to ipvs-list, for Node.js takes longer to start
# than they take altogether; ipvs-list itself starts Node.js for whatever it does not list.

# npm links commands from node_modules/.bin, or from bin for global packages. Looking there first spares readlink, which
# takes a fifth as long again as a whole list of 11,000 rows; bench/goals.ts holds that to half of ipvsadm's time.
# shellcheck disable=SC3013 # -ef: dash, bash and busybox have it
for here in "${0%/*}" "${0%/*}/../ipvs/dist" "${0%/*}/../lib/node_modules/ipvs/dist" ''; do
  [ "$0" -ef "$here/ipvs" ] && [ -f "$here/ipvs.cjs" ] && break
done
if [ -z "$here" ]; then
  here=$(readlink -f "$0")
  here=${here%/*}
fi

case " $* " in
*' --stats '* | *' --rate '*)
  lister=$here/../native/build/Release/ipvs-list
  if [ ! -x "$lister" ]; then
    # Since Linux 6.1 the kernel tells the architecture in a file, which is read without starting a program.
    machine=
    [ -r /proc/sys/kernel/arch ] && read -r machine </proc/sys/kernel/arch
    case ${machine:-$(uname -m)} in
    x86_64) lister=$here/../prebuilds/linux-x64/ipvs-list ;;
    aarch64) lister=$here/../prebuilds/linux-arm64/ipvs-list ;;
    esac
  fi
  [ -x "$lister" ] && exec "$lister" "$here/ipvs.cjs" "$@"
  ;;
esac

exec node "$here/ipvs.cjs" "$@"
