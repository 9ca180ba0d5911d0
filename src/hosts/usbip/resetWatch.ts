import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { RequestType, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbOperation } from '../../ports/usb.ts';

/**
 * Finds out when the importer has reset the device. A virtual controller keeps the reset of its port to itself; what
 * arrives is what a host does after it: it reads the device descriptor to see whether it is the same device still, and
 * sets the configuration that it has already. Between the two nothing goes to other endpoints. Without the reset a device
 * that hangs would go on hanging, however often its driver resets it.
 */
export class ResetWatch {
  /** Of the last SET_CONFIGURATION; undefined before the first, which is no sign of a reset. */
  #configurationValue: number | undefined;
  #wasRead = false;

  /** To be asked about every operation, in order: whether the importer has reset the device before this one. */
  follows(operation: UsbOperation): boolean {
    if (operation.type !== 'control') {
      this.#wasRead = false;
      return false;
    }
    const { setup } = operation;
    const isRead =
      setup.bmRequestType === (RequestType.directionIn | RequestType.device) &&
      setup.bRequest === StandardRequest.GET_DESCRIPTOR &&
      setup.wValue >> 8 === DescriptorType.DEVICE;
    if (isRead) this.#wasRead = true;
    const request = stateRequestOf(setup);
    if (request?.type !== 'setConfiguration') return false;
    const isAgain = this.#wasRead && request.configurationValue === this.#configurationValue;
    this.#configurationValue = request.configurationValue;
    this.#wasRead = false;
    return isAgain && request.configurationValue !== 0;
  }
}
