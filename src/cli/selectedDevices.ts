import { openLibusbDevices } from '../devices/libusb/libusbDevices.ts';
import { HidKeyboard } from '../devices/virtual/hidKeyboard.ts';
import { ImageFile } from '../devices/virtual/imageFile.ts';
import { MassStorageStick } from '../devices/virtual/massStorageStick.ts';
import { VirtualDevices } from '../devices/virtual/virtualDevices.ts';
import { parseSelection, type Selection } from '../policy/selection.ts';
import type { UsbDevice, UsbDeviceSource } from '../session/ports.ts';
import { Failure } from './failure.ts';
import { formatVidPid } from './terminal.ts';

/** Which devices a command is about. */
export interface DeviceOptions {
  readonly device?: string;
  readonly port?: string;
  readonly serial?: string;
  readonly virtual?: string;
  readonly wait?: boolean;
}

/** The devices that the user chose. */
export interface SelectedDevices {
  /** Those that are there now. */
  present(): Promise<readonly UsbDevice[]>;
  /** Calls back for those that are plugged in later; returns the function that stops it. */
  watch(added: (device: UsbDevice) => void): () => void;
  /** Gives everything back. */
  close(): Promise<void>;
}

/** @throws Failure when nothing was chosen, or when what was chosen is not there */
export async function openSelection(options: DeviceOptions): Promise<SelectedDevices> {
  if (options.virtual !== undefined) return openVirtual(options.virtual);
  if (options.device === undefined && options.port === undefined && options.serial === undefined) {
    throw new Failure('say what to redirect: --device VID:PID, --port PATH, --serial TEXT or --virtual WHAT', 2);
  }
  const selection = parseSelection(options);
  const source = await openLibusbDevices();
  try {
    const all = await source.list();
    if (options.wait !== true && !all.some((device) => selection.matches(device.identity))) {
      throw new Failure(nothingMatches(selection, all));
    }
  } catch (error) {
    await source.close();
    throw error;
  }
  return selected(source, (device) => selection.matches(device.identity));
}

function nothingMatches(selection: Selection, all: readonly UsbDevice[]): string {
  const here = all.map((device) => `${formatVidPid(device.identity)} at ${device.identity.portPath}`);
  const found = here.length === 0 ? 'no USB devices at all' : here.join(', ');
  return `no ${selection.describe()} is plugged in; here are: ${found} (--wait waits for it)`;
}

async function openVirtual(what: string): Promise<SelectedDevices> {
  const source = new VirtualDevices();
  source.add(await virtualDevice(what));
  return selected(source, () => true);
}

async function virtualDevice(what: string) {
  const [kind, ...rest] = what.split(':');
  if (kind === 'keyboard' && rest.length === 0) return new HidKeyboard();
  const image = rest.join(':');
  if (kind === 'stick' && image !== '') return new MassStorageStick({ blocks: await ImageFile.open(image) });
  throw new Failure(`--virtual ${what}: use stick:IMAGE or keyboard`, 2);
}

function selected(source: UsbDeviceSource, matches: (device: UsbDevice) => boolean): SelectedDevices {
  return {
    present: async () => (await source.list()).filter(matches),
    watch: (added) =>
      source.watch({
        added: (device) => {
          if (matches(device)) added(device);
        },
        removed: () => {},
      }),
    close: () => source.close(),
  };
}
