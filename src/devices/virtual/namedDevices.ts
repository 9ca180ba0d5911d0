import { UsageError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { CdcAcm } from './cdcAcm.ts';
import { CompositeDevice } from './compositeDevice.ts';
import { GadgetZero } from './gadgetZero.ts';
import { HidKeyboard } from './hidKeyboard.ts';
import { HidMouse } from './hidMouse.ts';
import { ImageFile } from './imageFile.ts';
import { MassStorageStick } from './massStorageStick.ts';
import { OsrFx2 } from './osrFx2.ts';
import { UsbAudio } from './usbAudio.ts';
import { UsbHeadset } from './usbHeadset.ts';
import { UsbWebcam } from './usbWebcam.ts';
import type { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link virtualDevice}. */
export interface NamedDeviceOptions {
  /** Time for devices with isochronous endpoints. */
  readonly clock: Clock;
  /** A stick refuses to be written to. Default false. */
  readonly readOnly?: boolean;
}

/** A device that can be made only from its name. */
export interface NamedDevice {
  /** As people write it; what is in capitals stands for something of theirs. */
  readonly name: string;
  /** In a few words. */
  readonly description: string;
}

interface Maker extends NamedDevice {
  readonly make: (options: NamedDeviceOptions) => VirtualDevice;
}

const STICK: NamedDevice = { name: 'stick:IMAGE', description: 'a USB stick whose blocks are in the file IMAGE' };

const MAKERS: readonly Maker[] = [
  { name: 'keyboard', description: 'a keyboard (HID)', make: () => new HidKeyboard() },
  { name: 'mouse', description: 'a mouse (HID)', make: () => new HidMouse() },
  {
    name: 'serial',
    description: 'a serial port with a loop-back plug (CDC ACM)',
    make: () => new CdcAcm(),
  },
  {
    name: 'audio',
    description: 'a speaker and a microphone that hears 440 Hz (USB Audio 1.0, isochronous)',
    make: ({ clock }) => new UsbAudio({ clock }),
  },
  {
    name: 'webcam',
    description: 'a camera that shows a test pattern and counts its frames (UVC, YUY2 and MJPEG, isochronous)',
    make: ({ clock }) => new UsbWebcam({ clock }),
  },
  {
    name: 'headset',
    description: 'headphones with feedback, a microphone that hears 1 kHz, and buttons (USB Audio 2.0, isochronous)',
    make: ({ clock }) => new UsbHeadset({ clock }),
  },
  {
    name: 'headset:loopback',
    description: 'the same, whose microphone hears what the headphones play',
    make: ({ clock }) => new UsbHeadset({ clock, microphone: 'loopback', productId: 0x000a }),
  },
  {
    name: 'headset:uac1',
    description: 'a headset of USB Audio 1.0 at full speed',
    make: ({ clock }) => new UsbHeadset({ clock, audioClass: 1 }),
  },
  {
    name: 'composite',
    description: 'a keyboard, a mouse and a bulk loop-back in one device',
    make: () => new CompositeDevice(),
  },
  { name: 'fx2', description: "Microsoft's test board, OSR USB-FX2 (0547:1002)", make: () => new OsrFx2() },
  {
    name: 'gadget-zero',
    description: "Linux's gadget zero (0525:a4a0): source and sink, loop-back, isochronous",
    make: ({ clock }) => new GadgetZero({ clock }),
  },
];

/** The devices that {@link virtualDevice} makes by name. */
export const NAMED_DEVICES: readonly NamedDevice[] = [STICK, ...MAKERS];

/**
 * Makes a device from its name, one of {@link NAMED_DEVICES}.
 * @throws UsageError that lists the names when there is no such device, and what opening the image file throws.
 */
export async function virtualDevice(name: string, options: NamedDeviceOptions): Promise<VirtualDevice> {
  const { readOnly = false } = options;
  const [, image] = /^stick:(.+)$/s.exec(name) ?? [];
  if (image !== undefined) return new MassStorageStick({ blocks: await ImageFile.open(image, { readOnly }) });
  if (readOnly) throw new UsageError(`virtual device ${name}: only ${STICK.name} can be read-only`);
  const maker = MAKERS.find((each) => each.name === name);
  if (maker !== undefined) return maker.make(options);
  const names = NAMED_DEVICES.map((each) => each.name).join(', ');
  throw new UsageError(`there is no virtual device ${JSON.stringify(name)}: use one of ${names}`);
}
