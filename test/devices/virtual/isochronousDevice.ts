import { fromHex } from '../../../codecs/core/json.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { UsbSpeed } from '../../../src/ports/usb.ts';
import { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';

export const Iso = { in: 0x81, out: 0x02 };

/** A device for tests: isochronous 0x81 sends what the test says, isochronous 0x02 remembers what came, 64 bytes each. */
export class IsochronousDevice extends VirtualDevice {
  /** Called for each packet of 0x81. */
  packet: (frame: number) => Uint8Array | undefined = (frame) => Uint8Array.of(frame & 0xff);
  readonly received: { frame: number; data: number[] }[] = [];

  constructor(clock: Clock, speed: UsbSpeed = 'full', interval = 1, maxPacketSize = 64) {
    const endpoint = (address: number) => `07 05 ${hex(address)} 05 ${hex(maxPacketSize & 0xff)} ${hex(maxPacketSize >> 8)} ${hex(interval)}`; // prettier-ignore
    super(
      {
        speed,
        deviceDescriptor: fromHex('12 01 0002 00 00 00 40 0912 0f00 0100 00 00 00 01'),
        configurationDescriptors: [
          fromHex(`09 02 2000 01 01 00 80 32  09 04 00 00 02 ff 00 00 00 ${endpoint(Iso.in)} ${endpoint(Iso.out)}`),
        ],
        strings: [],
      },
      clock,
    );
  }

  protected override handleControl(): undefined {
    return undefined;
  }

  protected override sendIsochronous(_endpointAddress: number, frame: number): Uint8Array | undefined {
    return this.packet(frame);
  }

  protected override receiveIsochronous(_endpointAddress: number, data: Uint8Array, frame: number): void {
    this.received.push({ frame, data: [...data] });
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
