#!/bin/sh
# The command ipvs: finds the package that this is a file of, and starts the command proper, which is a program of Node.js.
# The listings that are polled are tried without it first: it takes longer to start than they take.

# npm links commands from node_modules/.bin or, for packages that are installed globally, from bin: to look there is much quicker than
# to run readlink.
here=
for folder in "${0%/*}" "${0%/*}/../ipvs/dist" "${0%/*}/../lib/node_modules/ipvs/dist"; do
  if [ "$0" -ef "$folder/ipvs" ] && [ -f "$folder/ipvs.cjs" ]; then
    here=$folder
    break
  fi
done
[ -n "$here" ] || here=$(dirname "$(readlink -f "$0")")

case " $* " in
*' --stats '* | *' --rate '*)
  lister=$here/../native/build/Release/ipvs-list
  if [ -x "$lister" ]; then
    "$lister" "$@"
    status=$?
    # 75: none of those listings, or it failed, and the command will tell why. Others from 2 on: it can't be run on this machine.
    if [ $status -lt 2 ] || [ $status -gt 128 ]; then exit $status; fi
  fi
  ;;
esac

exec node "$here/ipvs.cjs" "$@"
