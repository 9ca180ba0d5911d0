import { join } from 'node:path';
import { udevRule } from '../../devices/libusb/access.ts';
import { inspectLocalUse } from '../../devices/libusb/localUse.ts';
import { readDeviceNames, scanSysfs } from '../../devices/libusb/sysfs.ts';
import { describeIdentity, type DeviceIds } from '../../policy/selection.ts';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import { oneLine } from '../failure.ts';
import { formatVidPid } from '../text.ts';
import type { Finding } from './finding.ts';
import { asRoot, type Machine, readNames, readText } from './machine.ts';

const HUB_CLASS = 9;
const RULES = '/etc/udev/rules.d';
const RULES_FILE = `${RULES}/70-urbdrc.rules`;

/** Requirements of `urbdrc redirect` on this machine, and on one of its devices or on any. */
export async function examineClient(machine: Machine, asked?: DeviceIds): Promise<Finding[]> {
  const libusb = await checkLibusb(machine);
  if (machine.platform !== 'linux') return [libusb, ...adviseOtherPlatform(machine)];
  return [libusb, checkNodes(machine), checkUdevd(machine), ...(await checkDevices(machine, asked))];
}

async function checkLibusb(machine: Machine): Promise<Finding> {
  const check = { side: 'client', check: 'libusb' } as const;
  try {
    const { description, reason } = await machine.loadLibusb();
    const text = `libusb loads: ${description}`;
    if (reason === undefined) return { ...check, state: 'ok', text };
    return {
      ...check,
      state: 'ok',
      text: `${text}; it has no isochronous transfers (sound, video), and the faster koffi is not used: ${oneLine(reason)}`,
    };
  } catch (error) {
    return { ...check, state: 'missing', text: oneLine(error) };
  }
}

/** Elsewhere nothing can be told before a device is opened. */
function adviseOtherPlatform({ platform }: Machine): Finding[] {
  const note = { side: 'client', check: 'platform', state: 'note' } as const;
  switch (platform) {
    case 'win32':
      return [{ ...note, text: 'a device needs the driver WinUSB', advice: 'give it that, for example with Zadig' }];
    case 'darwin':
      return [{ ...note, text: "devices that some of the system's own drivers hold cannot be taken from them" }];
    default:
      return [{ ...note, text: `on ${platform} it was never tried` }];
  }
}

function checkNodes(machine: Machine): Finding {
  const check = { side: 'client', check: 'deviceNodes' } as const;
  if (readNames(machine, '/sys/bus/usb/devices') === undefined) {
    return { ...check, state: 'missing', text: 'the kernel tells of no USB: /sys/bus/usb/devices is not there' };
  }
  if (readNames(machine, '/dev/bus/usb') !== undefined) return { ...check, state: 'ok', text: '/dev/bus/usb is there' };
  return {
    ...check,
    state: 'missing',
    text: '/dev/bus/usb is not there',
    advice: 'in a container, start it with docker run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule "c 189:* rmw"',
  };
}

/** As libudev tells it, which libusb uses. */
function checkUdevd(machine: Machine): Finding {
  const check = { side: 'client', check: 'udevd' } as const;
  const isThere = readNames(machine, '/run/udev')?.includes('control') === true;
  if (isThere) return { ...check, state: 'ok', text: 'udevd tells of devices that come and go' };
  return {
    ...check,
    state: 'note',
    text: 'udevd does not run here, so devices that come and go are looked for each second',
    advice: `${asRoot(machine, 'systemctl start systemd-udevd')}, if it is installed`,
  };
}

async function checkDevices(machine: Machine, asked: DeviceIds | undefined): Promise<Finding[]> {
  const folder = join(machine.root, '/sys/bus/usb/devices');
  const identities = await Promise.all(
    scanSysfs(folder).map(async ({ identity }) => ({
      ...identity,
      ...(await readDeviceNames(identity.portPath, folder)),
    })),
  );
  if (asked !== undefined) return checkAsked(machine, asked, identities);
  const devices = identities.filter(({ deviceClass }) => deviceClass !== HUB_CLASS);
  if (devices.length === 0) {
    return [{ side: 'client', check: 'device', state: 'note', text: 'no USB device is plugged in' }];
  }
  const findings = devices.map((identity) => checkDevice(machine, identity));
  // One device that can be redirected is enough.
  const isEnough = findings.some(({ state }) => state === 'ok');
  return [
    ...findings.map((finding) =>
      isEnough && finding.state === 'missing' ? { ...finding, state: 'note' as const } : finding,
    ),
    ...devices.flatMap((identity) => checkUse(machine, identity)),
  ];
}

function checkAsked(machine: Machine, asked: DeviceIds, identities: readonly UsbDeviceIdentity[]): Finding[] {
  const { vendorId, productId } = asked;
  const devices = identities.filter((each) => each.vendorId === vendorId && each.productId === productId);
  const findings: Finding[] =
    devices.length === 0
      ? [
          {
            side: 'client',
            check: 'device',
            state: 'missing',
            text: `no ${formatVidPid(asked)} is plugged in`,
            advice: 'urbdrc list shows those that are',
          },
        ]
      : devices.flatMap((identity) => [checkDevice(machine, identity), ...checkUse(machine, identity)]);
  return [...findings, checkRule(machine, asked)];
}

function checkDevice(machine: Machine, identity: UsbDeviceIdentity): Finding {
  const check = { side: 'client', check: 'device' } as const;
  const name = describeIdentity(identity);
  const { canOpen, drivers, advice = 'nothing is known about why' } = machine.inspectDevice(identity);
  if (!canOpen) return { ...check, state: 'missing', text: `${name} cannot be opened`, advice };
  const holders = drivers.length === 0 ? '' : `; ${drivers.join(' and ')} will give it up for as long`;
  return { ...check, state: 'ok', text: `${name} can be opened${holders}` };
}

/** Use of the device that this machine would lose. */
function checkUse(machine: Machine, identity: UsbDeviceIdentity): Finding[] {
  const { root } = machine;
  const use = inspectLocalUse(identity, { sysfs: join(root, '/sys'), proc: join(root, '/proc') });
  const note = (text: string, advice: string): Finding => ({
    ...{ side: 'client', check: 'device', state: 'note', advice },
    text: `${describeIdentity(identity)} ${text}`,
  });
  if (use.isRootDisk === true) return [note('has the system on it', 'do not redirect it')];
  return [
    ...(use.mounted === true ? [note('is mounted or swapped to', 'unmount it before it is redirected')] : []),
    ...(use.carriesDefaultRoute === true ? [note('is the way to the network', 'redirecting it may cut this off')] : []),
  ];
}

/** Whether there is a rule for udev already, and which one it would be. Root needs none. */
function checkRule(machine: Machine, asked: DeviceIds): Finding {
  const check = { side: 'client', check: 'udevRule' } as const;
  const rule = udevRule(asked);
  const [vendor = '', product = ''] = rule.match(/ATTR\{id\w+\}=="\w+"/g) ?? [];
  const file = readNames(machine, RULES)?.find((name) =>
    readText(machine, `${RULES}/${name}`)
      ?.split('\n')
      .some((line) => !line.startsWith('#') && line.includes(vendor) && line.includes(product)),
  );
  if (file !== undefined) {
    const text = `${RULES}/${file} has a rule for it, which counts from when it is plugged in next`;
    return { ...check, state: 'ok', text };
  }
  return {
    ...check,
    state: 'note',
    text: 'no rule lets users other than root open it',
    advice:
      `echo '${rule}' | ${asRoot(machine, `tee -a ${RULES_FILE}`)}, then plug it in again; ` +
      'it is for the group plugdev and for who sits at the machine',
  };
}
