import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { systemClock } from '../driver/systemClock.ts';
import { isPresent, vhciFolder } from '../hosts/vhci/controllers.ts';
import { VhciHost } from '../hosts/vhci/vhciHost.ts';
import type { UsbDeviceIdentity } from '../session/ports.ts';
import { Failure, oneLine } from './failure.ts';
import type { Terminal } from './terminal.ts';

const SYSFS_ROOT = '/sys';
const DEV_ROOT = '/dev';

export interface AttachOptions {
  readonly attach?: string;
}

export function attachOption(): Option {
  return new Option('--attach <where>', 'make devices of this machine of them: vhci, the Linux kernel').choices([
    'vhci',
  ]);
}

/**
 * The host that gives devices to this machine's kernel, and says what becomes of them.
 * @throws Failure when the kernel's module is not there or may not be used
 */
export async function openVhciHost(
  terminal: Terminal,
  describe: (identity: UsbDeviceIdentity) => string,
): Promise<VhciHost> {
  const doctor = '`urbdrc doctor --server` says more';
  if (!(await isPresent(SYSFS_ROOT))) throw new Failure(`--attach vhci needs vhci-hcd: modprobe vhci-hcd; ${doctor}`);
  await access(join(vhciFolder(SYSFS_ROOT), 'attach'), constants.W_OK).catch(() => {
    throw new Failure(`--attach vhci: this user may not attach devices, root may; ${doctor}`);
  });
  return new VhciHost({
    clock: systemClock,
    sysfsRoot: SYSFS_ROOT,
    devRoot: DEV_ROOT,
    onAttached: (device, { busId, port }) => {
      terminal.say(`attached ${describe(device.identity)} as ${busId} (port ${port})`);
    },
    onNodes: (device, nodes) => terminal.say(`${describe(device.identity)}: ${nodes.join(' ')}`),
    onDetached: (device, error) => {
      terminal.say(`detached ${describe(device.identity)}${error === undefined ? '' : `: ${oneLine(error)}`}`);
    },
    onFailed: (device, error) => terminal.say(`${describe(device.identity)} is not attached: ${oneLine(error)}`),
  });
}
