import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import { inspectLocalUse } from '../devices/libusb/localUse.ts';
import { systemClock } from '../systemClock.ts';
import { isPresent, vhciFolder } from '../hosts/vhci/controllers.ts';
import { type VhciAttachment, VhciHost } from '../hosts/vhci/vhciHost.ts';
import type { AttachmentEnd, UsbDeviceIdentity } from '../ports/usb.ts';
import { Failure, oneLine } from './failure.ts';
import { guestOption } from './guestUrl.ts';
import { seatName } from './policyOptions.ts';
import { eventDevice } from './programEvent.ts';
import type { RepeatableOption } from './repeatableOption.ts';
import type { Terminal } from './terminal.ts';

const SYSFS_ROOT = '/sys';

/** Told where the kernel, or whoever imports, gets devices of others and nobody has given rules. */
export const FOREIGN_RULES_LINE =
  'without rules no keyboards, mice and other HID, network and wireless adapters, and hubs are accepted: ' +
  '--allow "*" accepts all devices';

export interface AttachOptions {
  readonly attach?: readonly string[];
  readonly seat?: string;
}

export function attachOption(): RepeatableOption {
  const text = 'vhci: make devices of this machine of them; usbredir://HOST:PORT: put them into a virtual machine';
  return guestOption('--attach <where>', text, ['vhci']);
}

/** `--seat`, of serve. */
export function attachSeatOption(): Option {
  return new Option('--seat <name>', 'with --attach: the seat that has the devices, such as seat1').argParser(seatName);
}

/**
 * The sink that gives devices to this machine's kernel, and tells where they are. When `ended` is aborted it takes them
 * away, and warns where that costs data; `close` waits for that.
 * @throws Failure when the kernel's module is not there or may not be used
 */
export async function openVhciHost(
  { seat }: AttachOptions,
  terminal: Terminal,
  describe: (identity: UsbDeviceIdentity) => string,
  ended: AbortSignal,
): Promise<VhciHost> {
  const doctor = '`urbdrc doctor --server` says more';
  if (!(await isPresent(SYSFS_ROOT))) throw new Failure(`--attach vhci needs vhci-hcd: modprobe vhci-hcd; ${doctor}`);
  await access(join(vhciFolder(SYSFS_ROOT), 'attach'), constants.W_OK).catch(() => {
    throw new Failure(`--attach vhci: this user may not attach devices, root may; ${doctor}`);
  });
  const attachments = new Set<VhciAttachment>();
  const host = new VhciHost({
    clock: systemClock,
    sysfsRoot: SYSFS_ROOT,
    ...(seat !== undefined && { seat }),
    onAddressed: (attachment) => {
      attachments.add(attachment);
      void attachment.ended.then(() => attachments.delete(attachment));
      const { device, location, port } = attachment;
      terminal.say(`attached ${describe(device.identity)} as ${location ?? ''} (port ${port})`, {
        event: 'attached',
        location: location ?? '',
        ...eventDevice(device.identity),
      });
    },
    onNodes: ({ location = '' }, nodes) => {
      terminal.say(`${location}: ${nodes.join(' ')}`, { event: 'nodes', location, nodes });
    },
    onNotAddressed: ({ device: { identity } }, error) => {
      terminal.warn(`${describe(identity)} is not attached: ${oneLine(error)}`, {
        event: 'notAttached',
        error: oneLine(error),
        ...eventDevice(identity),
      });
    },
  });
  const leave = () => {
    for (const { device, location = '' } of attachments) {
      if (inspectLocalUse({ ...device.identity, portPath: location }).mounted !== true) continue;
      terminal.warn(`${location}: taken away while it is mounted; what was not written yet is lost (unmount first)`);
    }
    void host.close();
  };
  ended.addEventListener('abort', leave, { once: true });
  return host;
}

/** The line about a device that the kernel no longer has. */
export function detachedLine(name: string, end: AttachmentEnd): string {
  switch (end.reason) {
    case 'released':
    case 'unplugged':
      return `detached ${name}`;
    case 'returned':
      return `detached ${name}: it was detached by another program`;
    case 'refused':
      return `detached ${name}: ${end.explanation === undefined ? end.reason : oneLine(end.explanation)}`;
    case 'closed':
    case 'failed':
      return `detached ${name}: ${end.error === undefined ? end.reason : oneLine(end.error)}`;
  }
}
