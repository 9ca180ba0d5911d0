import { InvalidArgumentError, Option } from 'commander';
import { inspectLocalUse, isOnVirtualController } from '../devices/libusb/localUse.ts';
import type { UsbBackend } from '../devices/libusb/usbBinding.ts';
import { virtualDevice } from '../devices/virtual/namedDevices.ts';
import { VirtualDevices } from '../devices/virtual/virtualDevices.ts';
import { followingSelection } from '../policy/autoSelection.ts';
import { systemClock } from '../systemClock.ts';
import { parseInterfaceNumbers } from '../policy/ruleText.ts';
import { describeNoMatch, parseSelection, type SelectionCriteria } from '../policy/selection.ts';
import { PartialDevices } from '../usb/partialDevice.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbDeviceSource } from '../ports/usb.ts';
import { Failure } from './failure.ts';
import { type FaultOptions, readFaults } from './faultOptions.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

/** Which devices a command is about. */
export interface DeviceOptions extends FaultOptions {
  readonly device?: readonly string[];
  readonly port?: readonly string[];
  readonly serial?: readonly string[];
  readonly virtual?: readonly string[];
  readonly readOnly?: boolean;
  readonly wait?: boolean;
  readonly follow?: boolean;
  readonly backend?: UsbBackend;
  readonly interfaces?: readonly number[];
}

/** --backend: the way to real devices. */
export function backendOption(): Option {
  const choices: readonly UsbBackend[] = ['koffi', 'node-usb'];
  return new Option(
    '--backend <name>',
    "the way to the machine's devices: the system's libusb through the package koffi (the default where both load), or the package usb (node-usb), which has no isochronous transfers",
  ).choices(choices);
}

/** --interfaces: only some functions of the devices. */
export function interfacesOption(): Option {
  return new Option(
    '--interfaces <numbers>',
    "only these interfaces of the devices, e.g. 0,1 (lsusb -v shows them), with those of the same functions; the others keep this machine's drivers",
  ).argParser((text) => {
    const numbers = parseInterfaceNumbers(text);
    if (numbers !== undefined) return numbers;
    throw new InvalidArgumentError('Give numbers from 0 to 255 with commas between them, such as 0,1.');
  });
}

/** Their parts, where the user wants no more. */
export function chosenParts(source: UsbDeviceSource, { interfaces }: DeviceOptions): UsbDeviceSource {
  return interfaces === undefined ? source : new PartialDevices(source, interfaces);
}

/** The devices that the user chose. */
export interface SelectedDevices {
  readonly source: UsbDeviceSource;
  /** Whether this device is one of them. */
  readonly isWanted: (device: UsbDevice) => boolean;
  /** The device to redirect in place of `device`: with faults, where the user wants some. */
  readonly change: (device: UsbDevice) => UsbDevice;
}

/** @throws Failure when nothing was chosen, or when what was chosen is not there */
export async function openSelection(
  options: DeviceOptions,
  context: ProgramContext,
  terminal: Terminal,
): Promise<SelectedDevices> {
  const { virtual, readOnly = false } = options;
  if (readOnly && virtual?.some((what) => what.startsWith('stick:')) !== true) {
    throw new Failure('--read-only is about --virtual stick:IMAGE; a real device is written to if the server wants', 2);
  }
  const withFaults = await readFaults(options, terminal);
  if (virtual !== undefined) return openVirtual(virtual, readOnly, withFaults);
  if (options.device === undefined && options.port === undefined && options.serial === undefined) {
    throw new Failure(
      'say what to redirect: --device VID:PID, --port PATH, --serial TEXT, --auto, or --virtual WHAT (see --help)',
      2,
    );
  }
  const wanted = parseSelection(options);
  // The copy of a device that came back here by redirection looks the same; only its port tells it.
  const selection = {
    ...wanted,
    matches: (identity: UsbDeviceIdentity) =>
      wanted.matches(identity) && (options.port !== undefined || !isOnVirtualController(identity.portPath)),
  };
  const source = await context.openDevices(options.backend);
  try {
    const present = (await source.list()).map(({ identity }) => identity);
    // Of several that are named each has to be there.
    const missing = [...eachNamed(options).map(parseSelection), selection].find(
      (each) => !present.some((identity) => each.matches(identity)),
    );
    if (missing !== undefined && options.wait === true) {
      terminal.say(`waiting for ${missing.describe()} to be plugged in`);
    } else if (missing !== undefined) {
      throw new Failure(`${describeNoMatch(missing, present)} (--wait waits until it is plugged in)`);
    }
  } catch (error) {
    await source.close();
    throw error;
  }
  const { matches } = selection;
  const isWanted =
    options.follow === true ? followingSelection(matches, () => systemClock.now(), inspectLocalUse) : undefined;
  return { source, isWanted: isWanted ?? (({ identity }) => matches(identity)), change: withFaults };
}

function eachNamed({ device = [], port = [], serial = [] }: DeviceOptions): SelectionCriteria[] {
  return [
    ...device.map((each) => ({ device: each })),
    ...port.map((each) => ({ port: each })),
    ...serial.map((each) => ({ serial: each })),
  ];
}

async function openVirtual(
  kinds: readonly string[],
  readOnly: boolean,
  withFaults: (device: UsbDevice) => UsbDevice,
): Promise<SelectedDevices> {
  const source = new VirtualDevices();
  for (const what of kinds) {
    source.add(await virtualDevice(what, { clock: systemClock, readOnly: readOnly && what.startsWith('stick:') }));
  }
  return { source, isWanted: () => true, change: withFaults };
}
