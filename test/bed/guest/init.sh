#!/bin/busybox sh
# shellcheck shell=dash
# First process of the booted kernel. Makes the host's file system the root, read-only below and a tmpfs
# above, and hands over. It has to stay process 1: a shell in a plain chroot would leave the kernel looking
# for modprobe in this initramfs.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module"
done </modules/order
set -e
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 host /host
mount -t tmpfs -o mode=755 over /over
mkdir /over/upper /over/work
mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work root /root
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/bed
cp /main.sh /root/run/bed/
umount /dev
umount /proc
exec switch_root /root /bin/sh /run/bed/main.sh
