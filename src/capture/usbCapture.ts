import { EnhancedPacket, InterfaceDescription, PcapngOption, SectionHeader } from '../../codecs/capture/pcapng.ts';
import { LINKTYPE_USB_LINUX_MMAPPED, UsbmonPacket } from '../../codecs/capture/usbmon.ts';
import { byteLength, type Parts } from '../../codecs/core/parts.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';
import type { UsbAddress } from './usbRecords.ts';

/** Destination of the bytes of a capture. */
export interface CaptureOutput {
  /** One record, whole. Its bytes are not kept. */
  write(record: Parts): void;
}

/** Device numbers on a bus, [USB 2.0] 9.4.6. */
const LAST_DEVICE_NUMBER = 127;
const LAST_BUS_NUMBER = 0xffff;

const text = new TextEncoder();

/** Writes USB traffic as pcapng with the link type of usbmon, which Wireshark shows as USB. */
export class UsbCapture {
  readonly #output: CaptureOutput;
  readonly #now: () => number;
  readonly #inUse = new Set<string>();
  #lastId = 0;
  #lastGiven: UsbAddress = { busNumber: 1, deviceNumber: 0 };

  /**
   * @param program - name and version, for the file's header
   * @param now - microseconds since 1970
   */
  constructor(output: CaptureOutput, program: string, now: () => number) {
    this.#output = output;
    this.#now = now;
    const application = { code: PcapngOption.SECTION_APPLICATION, data: text.encode(program) };
    output.write(SectionHeader.encode({ majorVersion: 1, minorVersion: 0, options: [application] }));
    const name = { code: PcapngOption.INTERFACE_NAME, data: text.encode('urbdrc') };
    output.write(InterfaceDescription.encode({ linkType: LINKTYPE_USB_LINUX_MMAPPED, snapLength: 0, options: [name] }));
  }

  /** Whole microseconds since 1970. */
  now(): number {
    return Math.floor(this.#now());
  }

  /** The number of a new transfer. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Writes one event; `comment` is for people. */
  write(packet: UsbmonPacket, comment?: string): void {
    const bytes = UsbmonPacket.encode(packet);
    this.#output.write(
      EnhancedPacket.encode({
        interfaceId: 0,
        time: packet.time,
        originalLength: byteLength(bytes),
        packet: bytes,
        options: comment === undefined ? [] : [{ code: PcapngOption.COMMENT, data: text.encode(comment) }],
      }),
    );
  }

  /** The device's own bus and number where it has them and no other device of the capture does, else free ones. */
  enter({ busNumber, deviceAddress }: UsbDeviceIdentity): UsbAddress {
    let address: UsbAddress = { busNumber, deviceNumber: deviceAddress };
    while (!isReal(address) || this.#inUse.has(keyOf(address))) {
      address = this.#lastGiven = following(this.#lastGiven);
    }
    this.#inUse.add(keyOf(address));
    return address;
  }

  /** The device is gone: its numbers may be given to another. */
  leave(address: UsbAddress): void {
    this.#inUse.delete(keyOf(address));
  }
}

function isReal({ busNumber, deviceNumber }: UsbAddress): boolean {
  return busNumber > 0 && busNumber <= LAST_BUS_NUMBER && deviceNumber > 0 && deviceNumber <= LAST_DEVICE_NUMBER;
}

/** Round and round, so that a number comes back as late as possible. */
function following({ busNumber, deviceNumber }: UsbAddress): UsbAddress {
  if (deviceNumber < LAST_DEVICE_NUMBER) return { busNumber, deviceNumber: deviceNumber + 1 };
  return { busNumber: (busNumber % LAST_BUS_NUMBER) + 1, deviceNumber: 1 };
}

function keyOf({ busNumber, deviceNumber }: UsbAddress): string {
  return `${busNumber}.${deviceNumber}`;
}
