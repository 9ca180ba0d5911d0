import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { inspectLocalUse } from '../devices/libusb/localUse.ts';
import { systemClock } from '../engine/systemClock.ts';
import { isPresent, vhciFolder } from '../hosts/vhci/controllers.ts';
import { VhciHost } from '../hosts/vhci/vhciHost.ts';
import type { RedirectedDevice, UsbDeviceIdentity } from '../ports/usb.ts';
import { Failure, oneLine } from './failure.ts';
import type { Terminal } from './terminal.ts';

const SYSFS_ROOT = '/sys';

export interface AttachOptions {
  readonly attach?: string;
}

export function attachOption(): Option {
  const text = 'make devices of this machine of them: vhci, the Linux kernel does it';
  return new Option('--attach <where>', text).choices(['vhci']);
}

/**
 * The host that gives devices to this machine's kernel, and says what becomes of them. It takes them away, and warns where
 * that costs data, when `ended` is aborted; `close` waits for that.
 * @throws Failure when the kernel's module is not there or may not be used
 */
export async function openVhciHost(
  terminal: Terminal,
  describe: (identity: UsbDeviceIdentity) => string,
  ended: AbortSignal,
): Promise<VhciHost> {
  const doctor = '`urbdrc doctor --server` says more';
  if (!(await isPresent(SYSFS_ROOT))) throw new Failure(`--attach vhci needs vhci-hcd: modprobe vhci-hcd; ${doctor}`);
  await access(join(vhciFolder(SYSFS_ROOT), 'attach'), constants.W_OK).catch(() => {
    throw new Failure(`--attach vhci: this user may not attach devices, root may; ${doctor}`);
  });
  const busIds = new Map<RedirectedDevice, string>();
  const host = new VhciHost({
    clock: systemClock,
    sysfsRoot: SYSFS_ROOT,
    onAttached: (device, { busId, port }) => {
      busIds.set(device, busId);
      terminal.say(`attached ${describe(device.identity)} as ${busId} (port ${port})`);
    },
    onNodes: (device, nodes) => terminal.say(`${busIds.get(device) ?? ''}: ${nodes.join(' ')}`),
    onDetached: (device, error) => {
      busIds.delete(device);
      terminal.say(`detached ${describe(device.identity)}${error === undefined ? '' : `: ${oneLine(error)}`}`);
    },
    onFailed: (device, error) => terminal.say(`${describe(device.identity)} is not attached: ${oneLine(error)}`),
  });
  const leave = () => {
    for (const [{ identity }, portPath] of busIds) {
      if (inspectLocalUse({ ...identity, portPath }).mounted !== true) continue;
      terminal.say(`${portPath}: taken away while it is mounted; what was not written yet is lost (unmount first)`);
    }
    void host.close();
  };
  ended.addEventListener('abort', leave, { once: true });
  return host;
}
