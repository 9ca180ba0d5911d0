import { joinParts } from '../../codecs/core/parts.ts';
import { SetupPacket } from '../../codecs/usb/setupPacket.ts';
import { HANG_REQUEST, SETUP_ECHO_REQUEST } from '../../src/conformance/client/clientGrading.ts';
import { GadgetZero } from '../../src/devices/virtual/gadgetZero.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { withFaults } from '../../src/devices/virtual/faultyDevice.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';

const NOTHING: UsbTransfer = { cancel() {} };

function answer(data: Uint8Array, wLength: number, complete: (result: UsbResult) => void): UsbTransfer {
  const sent = data.subarray(0, wLength);
  complete({ status: 'completed', data: sent, transferred: sent.byteLength });
  return NOTHING;
}

/** Tells what reached it: see the trait `echoesSetup`. */
export class SetupEchoDevice extends LoopbackDevice {
  #last = new Uint8Array(0);

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type !== 'control') return super.submit(operation, complete);
    const { setup, data } = operation;
    if (setup.bmRequestType === 0xc0 && setup.bRequest === SETUP_ECHO_REQUEST) {
      return answer(this.#last, setup.wLength, complete);
    }
    const bytes = joinParts(SetupPacket.encode(setup));
    this.#last = Uint8Array.from([...bytes, ...data]);
    const isKnown = setup.bmRequestType === 0x80 && setup.bRequest === 6 && [1, 2].includes(setup.wValue >> 8);
    if (isKnown) return super.submit(operation, complete);
    if ((setup.bmRequestType & 0x80) !== 0) return answer(bytes, setup.wLength, complete);
    complete({ status: 'completed', data: new Uint8Array(0), transferred: data.byteLength });
    return NOTHING;
  }
}

const VENDOR_CODE = 0x42;
const OS_STRING = Buffer.from([18, 3, ...Buffer.from('MSFT100', 'utf16le'), VENDOR_CODE, 0]);
const COMPAT_ID = Buffer.from(`2800000000010400010000000000000000015749${'00'.repeat(20)}`, 'hex');

/** Has Microsoft's OS string descriptor and an extended compat id descriptor. */
export class OsDescriptorDevice extends LoopbackDevice {
  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type === 'control') {
      const { bmRequestType, bRequest, wValue, wIndex, wLength } = operation.setup;
      if (bmRequestType === 0x80 && bRequest === 6 && wValue === 0x03ee) return answer(OS_STRING, wLength, complete);
      const isFeature = bmRequestType === 0xc0 && bRequest === VENDOR_CODE && wValue === 0 && wIndex === 4;
      if (isFeature) return answer(COMPAT_ID, wLength, complete);
    }
    return super.submit(operation, complete);
  }
}

/** Its source sends more than it is asked for. */
export const babbling = (): UsbDevice =>
  withFaults(new GadgetZero(), [{ operation: 'transferIn', fault: { type: 'babble', extra: 7 } }]);

/** Its sink takes no more than 10 bytes. */
export const shortWriting = (): UsbDevice =>
  withFaults(new GadgetZero(), [{ operation: 'transferOut', fault: { type: 'short', length: 10 } }]);

export const hanging = (clock: Clock): UsbDevice =>
  withFaults(new OsrFx2(), [{ operation: 'control', bRequest: HANG_REQUEST, fault: { type: 'hang' } }], { clock });

/** Every third isochronous packet is lost. */
export const lossy = (clock: Clock): UsbDevice =>
  withFaults(new GadgetZero({ clock }), [{ operation: 'isochronousIn', fault: { type: 'losePackets', every: 3 } }]);
