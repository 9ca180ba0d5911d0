import type { Configuration, EndpointSetting } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbOperation, UsbSpeed } from '../ports/usb.ts';
import type { EndpointFacts } from './usbRecords.ts';

/** Which endpoints a device has now, as far as the operations that went by tell. */
export class EndpointMap {
  readonly #configurations: readonly Configuration[];
  readonly #speed: UsbSpeed;
  #configuration: Configuration | undefined;
  /** Alternate settings other than 0, by interface number. */
  readonly #alternateSettings = new Map<number, number>();

  constructor(configurations: readonly Configuration[], speed: UsbSpeed) {
    this.#configurations = configurations;
    this.#speed = speed;
    this.#configuration = this.#configurations[0];
  }

  /** An operation succeeded. */
  note(operation: UsbOperation): void {
    if (operation.type === 'setConfiguration') {
      const { configurationValue } = operation;
      this.#configuration = this.#configurations.find((each) => each.configurationValue === configurationValue);
      this.#alternateSettings.clear();
    } else if (operation.type === 'setInterface') {
      this.#alternateSettings.set(operation.interfaceNumber, operation.alternateSetting);
    }
  }

  /** What is known of an endpoint; bulk where nothing is. */
  facts(endpointAddress: number): EndpointFacts {
    const matches = (endpoint: EndpointSetting) => endpoint.endpointAddress === endpointAddress;
    const settings = this.#configuration?.interfaces ?? [];
    const current = settings.filter(
      ({ interfaceNumber, alternateSetting }) =>
        alternateSetting === (this.#alternateSettings.get(interfaceNumber) ?? 0),
    );
    const anywhere = this.#configurations.flatMap(({ interfaces }) => interfaces);
    const endpoint = [...current, ...settings, ...anywhere].flatMap(({ endpoints }) => endpoints).find(matches);
    if (endpoint === undefined) return { transferType: 'bulk', interval: 0 };
    return { transferType: endpoint.transferType, interval: this.#intervalOf(endpoint) };
  }

  /** bInterval counts frames for interrupt endpoints of low and full speed, and is else an exponent, [USB 2.0] 9.6.6. */
  #intervalOf({ transferType, interval }: EndpointSetting): number {
    const isSlow = this.#speed === 'low' || this.#speed === 'full';
    if (isSlow && transferType === 'interrupt') return interval;
    return interval === 0 ? 0 : 2 ** (Math.min(interval, 16) - 1);
  }
}
