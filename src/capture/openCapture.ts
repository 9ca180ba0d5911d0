import { UsageError } from '../../codecs/core/errors.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { CaptureFile } from './captureFile.ts';
import { capturing } from './capturingDevice.ts';
import { MessageCapture, type RecordedConnection } from './messageCapture.ts';
import { UsbCapture } from './usbCapture.ts';

/** Options of {@link openCapture}. */
export interface CaptureOptions {
  /** This end. */
  readonly role: 'client' | 'server';
  /** Name and version of what records. */
  readonly program: string;
  /** Called once when the file cannot be written any more; the connection goes on. */
  readonly onFailure: (error: Error) => void;
  /** Microseconds since 1970. Default: the machine's clock, monotonic from the program's start. */
  readonly now?: () => number;
}

/** A capture in the making. What the chosen format does not record passes through. */
export interface Capture {
  /** Options for a client or server that is connected to `peer`; call `ended` when it is over. */
  connection(peer: string): Partial<RecordedConnection> & Pick<RecordedConnection, 'ended'>;
  /** A device whose traffic is recorded, to be used in place of `device`; the same for the same. */
  device(device: UsbDevice): UsbDevice;
  /** Records that could not be written. */
  readonly lost: number;
  /** Writes what is left and closes the file. */
  close(): void;
}

const FORMATS = ['.jsonl', '.pcapng'] as const;

/**
 * Creates a capture; the file's ending says which: `.jsonl` records URBDRC messages, `.pcapng` USB traffic.
 * @throws UsageError for another ending, Error when the file cannot be written
 */
export function openCapture(path: string, options: CaptureOptions): Capture {
  const format = FORMATS.find((ending) => path.toLowerCase().endsWith(ending));
  if (format === undefined) {
    throw new UsageError(`${path}: the ending says what to record: .jsonl for messages, .pcapng for USB traffic`);
  }
  const file = new CaptureFile(path, options);
  const now = options.now ?? wallClock;
  return format === '.jsonl' ? messages(file, { ...options, now }) : usbTraffic(file, { ...options, now });
}

function wallClock(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

function messages(file: CaptureFile, options: Required<CaptureOptions>): Capture {
  const capture = new MessageCapture(file, options);
  return {
    connection: (peer) => capture.connection(peer),
    device: (device) => device,
    get lost() {
      return file.lost;
    },
    close: () => file.close(),
  };
}

function usbTraffic(file: CaptureFile, { program, now }: Required<CaptureOptions>): Capture {
  const capture = new UsbCapture(file, program, now);
  const devices = new WeakMap<UsbDevice, UsbDevice>();
  return {
    connection: () => ({ ended: () => {} }),
    device: (device) => {
      const wrapped = devices.get(device) ?? capturing(device, capture);
      devices.set(device, wrapped);
      return wrapped;
    },
    get lost() {
      return file.lost;
    },
    close: () => file.close(),
  };
}
