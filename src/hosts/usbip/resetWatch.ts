import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { RequestType, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbOperation } from '../../ports/usb.ts';

/**
 * Finds out when the importer has reset the device. A virtual controller keeps the reset of its port to itself; what
 * arrives is what a host does after it: it reads the device descriptor and then the configuration descriptors, to see
 * whether it is the same device still, and sets the configuration that the device has already. Between these nothing goes
 * to other endpoints. A program that reads the device descriptor alone before it sets the configuration has reset
 * nothing. Without the reset a device that hangs would go on hanging, however often its driver resets it.
 */
export class ResetWatch {
  /** Of the last SET_CONFIGURATION; undefined before the first, which is no sign of a reset. */
  #configurationValue: number | undefined;
  /** What was read since the last sign of ordinary use. */
  #read: 'nothing' | 'device' | 'configuration' = 'nothing';

  /** To be asked about every operation, in order: whether the importer has reset the device before this one. */
  follows(operation: UsbOperation): boolean {
    if (operation.type !== 'control') {
      this.#read = 'nothing';
      return false;
    }
    const { setup } = operation;
    if (
      setup.bmRequestType === (RequestType.directionIn | RequestType.device) &&
      setup.bRequest === StandardRequest.GET_DESCRIPTOR
    ) {
      const type = setup.wValue >> 8;
      if (type === DescriptorType.DEVICE) this.#read = 'device';
      else if (type === DescriptorType.CONFIGURATION && this.#read === 'device') this.#read = 'configuration';
    }
    const request = stateRequestOf(setup);
    if (request?.type !== 'setConfiguration') return false;
    const { configurationValue } = request;
    const isAgain = this.#read === 'configuration' && configurationValue === this.#configurationValue;
    this.#configurationValue = configurationValue;
    this.#read = 'nothing';
    return isAgain && configurationValue !== 0;
  }
}
