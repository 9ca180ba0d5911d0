import { fromHex } from '../../../codecs/core/json.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import type { OutAnswer } from '../../../src/devices/virtual/outEndpoint.ts';

export const Endpoint = { interruptIn: 0x81, echoOut: 0x02, echoIn: 0x82, slowOut: 0x03, isochronousIn: 0x84 };

/**
 * A device for tests: bulk 0x02 comes back from 0x82, interrupt 0x81 sends what the test says, bulk 0x03 is taken when the
 * test says, alternate setting 1 has an isochronous endpoint, configuration 2 has nothing.
 */
export class LoopbackDevice extends VirtualDevice {
  readonly requests: SetupPacket[] = [];
  /** Called for each OUT transfer of 0x03. */
  takeSlowly: (data: Uint8Array) => OutAnswer = () => 'notReady';
  resets = 0;
  readonly drains: number[] = [];
  readonly cleared: number[] = [];
  /** Answer to vendor request 1. */
  answer = Uint8Array.of(1, 2, 3, 4);

  constructor() {
    super({
      speed: 'high',
      deviceDescriptor: fromHex('12 01 0002 ff 00 00 40 0912 0f00 0100 01 02 00 02'),
      configurationDescriptors: [
        fromHex(
          '09 02 4200 01 01 00 e0 32  09 04 00 00 04 ff 00 00 00  07 05 81 03 4000 01  07 05 02 02 0002 00' +
            '07 05 82 02 0002 00  07 05 03 02 0002 00' +
            '09 04 00 01 01 ff 00 00 00  07 05 84 05 0004 01  04 ff 00 00',
        ),
        fromHex('09 02 0900 00 02 00 80 32'),
      ],
      strings: ['Tester', 'Loopback'],
    });
  }

  get bus() {
    return this.endpoints;
  }

  protected override handleControl(setup: SetupPacket): Uint8Array | undefined {
    this.requests.push(setup);
    if (setup.bmRequestType === 0xc0 && setup.bRequest === 1) return this.answer;
    return setup.bmRequestType === 0x40 && setup.bRequest === 2 ? new Uint8Array(0) : undefined;
  }

  protected override handleOut(endpointAddress: number, data: Uint8Array): OutAnswer {
    if (endpointAddress === Endpoint.slowOut) return this.takeSlowly(data);
    this.endpoints.send(Endpoint.echoIn, new Uint8Array(data));
    return { type: 'accepted' };
  }

  protected override drained(endpointAddress: number): void {
    this.drains.push(endpointAddress);
  }

  protected override haltCleared(endpointAddress: number): void {
    this.cleared.push(endpointAddress);
  }

  protected override reset(): void {
    this.resets += 1;
  }
}
