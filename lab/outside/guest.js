// The lab's machine as a guest, with a port for a device that comes from outside of it.
import { fileURLToPath } from 'node:url';
import * as lab from '../tests/support.js';

const LAB = fileURLToPath(new URL('../lab', import.meta.url));
/** A machine comes up, or a kernel finds a device: milliseconds. */
export const SLOW = 120_000;

/** bash: waits for the disk that is not the lab's own, makes a file system, fills it, checks it and reads it, past all caches. */
export const USE_STICK = `
modprobe -a vfat nls_cp437 nls_ascii
disk() {
  local block device
  for block in /sys/block/sd*; do
    device=$(readlink -f "$block/device/../../../..") || continue
    [[ $(cat "$device/idVendor" 2>/dev/null) != 1209 ]] || { echo "/dev/\${block##*/}"; return 0; }
  done
  return 1
}
until stick=$(disk); do sleep 0.2; done
mkfs.vfat "$stick"
mkdir /run/stick
mount "$stick" /run/stick
mkdir -p /run/stick/a/b
head -c 3145745 /dev/urandom >/run/stick/a/b/file
(cd /run/stick && sha256sum a/b/file >/run/sums)
umount /run/stick
fsck.vfat -n "$stick"
echo 3 >/proc/sys/vm/drop_caches
mount -o ro "$stick" /run/stick
(cd /run/stick && sha256sum -c /run/sums)
umount /run/stick
echo "guest: stick $(sha256sum <"$stick")"
while disk >/dev/null; do sleep 0.2; done
echo "guest: no stick"
`;

/**
 * Starts the guest, and waits until it runs the script.
 * @param {import('./stage.js').Stage} stage
 * @param {string} script bash
 * @returns its program, and the socket of its port
 */
export async function startGuest(stage, script) {
  const { folder } = stage;
  const socket = `${folder}/port`;
  const port = `-chardev socket,id=outside,path=${socket},server=on,wait=off -device usb-redir,chardev=outside,bus=xhci.0,port=7`;
  const options = ['--out', folder, '--time', '1500', '--qemu', port];
  const guest = lab.spawnProgram(LAB, [...options, '--', 'bash', '-euc', `echo "guest: ready"\n${script}`]);
  stage.atEnd(() => guest.stop());
  await guest.waitForLine(/^guest: ready/, SLOW);
  return { guest, socket };
}
