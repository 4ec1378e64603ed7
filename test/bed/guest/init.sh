#!/bin/busybox sh
# shellcheck shell=dash
# First process of the booted kernel. Makes the host's file system the root, read-only with a tmpfs above, and
# hands over. The script stays process 1: from a shell in a plain chroot the kernel would look for modprobe in
# this initramfs.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module"
done </modules/order
read -r cmdline </proc/cmdline
job=${cmdline##*bed.job=}
job=${job%% *}
set -e
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 host /host
mount -t tmpfs -o mode=755 over /over
# shellcheck disable=SC1090
. "/host$job/settings.sh"
# layer PATH LOWER: makes a folder of the guest from one of the host. settings.sh has BED_ROOT and bed_layers().
layers=0
layer() {
  layers=$((layers + 1))
  mkdir -p "/root$1" "/over/$layers/upper" "/over/$layers/work"
  mount -t overlay -o "lowerdir=/host$2,upperdir=/over/$layers/upper,workdir=/over/$layers/work" layer "/root$1"
}
layer / "$BED_ROOT"
bed_layers
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/bed
cp /main.sh /root/run/bed/
umount /dev
umount /proc
exec switch_root /root /bin/sh /run/bed/main.sh
