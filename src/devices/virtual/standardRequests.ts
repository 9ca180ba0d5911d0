import { encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { FeatureSelector, RequestType, StandardRequest, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { DeviceDescription } from './deviceDescription.ts';
import type { DeviceState } from './deviceState.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Bytes for the data stage, empty where there is none; `unknown` requests go to the device's own code. */
export type StandardAnswer = Uint8Array | 'stalled' | 'unknown';

const ENGLISH = 0x0409;
const SELF_POWERED = 0x40;
const REMOTE_WAKEUP = 0x20;

/** Chapter 9 from the device's side, [USB 2.0] 9.4. */
export class StandardRequests {
  readonly #description: DeviceDescription;
  readonly #attributes: ReadonlyMap<number, number>;
  readonly #state: DeviceState;
  #remoteWakeup = false;

  /** `attributes`: bmAttributes by configuration value. */
  constructor(description: DeviceDescription, attributes: ReadonlyMap<number, number>, state: DeviceState) {
    this.#description = description;
    this.#attributes = attributes;
    this.#state = state;
  }

  answer(setup: SetupPacket): StandardAnswer {
    if ((setup.bmRequestType & RequestType.typeMask) !== RequestType.standard) return 'unknown';
    switch (setup.bmRequestType) {
      case RequestType.directionIn | RequestType.device:
        return this.#readDevice(setup);
      case RequestType.device:
        return this.#writeDevice(setup);
      case RequestType.directionIn | RequestType.interface:
        return this.#readInterface(setup);
      case RequestType.interface:
        return this.#writeInterface(setup);
      case RequestType.directionIn | RequestType.endpoint:
        return this.#readEndpoint(setup);
      case RequestType.endpoint:
        return this.#writeEndpoint(setup);
      default:
        return 'unknown';
    }
  }

  #readDevice({ bRequest, wValue }: SetupPacket): StandardAnswer {
    switch (bRequest) {
      case StandardRequest.GET_DESCRIPTOR:
        return this.#descriptor(wValue >> 8, wValue & 0xff) ?? 'unknown';
      case StandardRequest.GET_CONFIGURATION:
        return Uint8Array.of(this.#state.configurationValue);
      case StandardRequest.GET_STATUS:
        return Uint8Array.of((this.#has(SELF_POWERED) ? 1 : 0) | (this.#remoteWakeup ? 2 : 0), 0);
      default:
        return 'unknown';
    }
  }

  #writeDevice({ bRequest, wValue }: SetupPacket): StandardAnswer {
    switch (bRequest) {
      case StandardRequest.SET_CONFIGURATION:
        return this.#done(this.#state.setConfiguration(wValue & 0xff));
      case StandardRequest.SET_FEATURE:
      case StandardRequest.CLEAR_FEATURE:
        if (wValue !== FeatureSelector.DEVICE_REMOTE_WAKEUP || !this.#has(REMOTE_WAKEUP)) return 'stalled';
        this.#remoteWakeup = bRequest === StandardRequest.SET_FEATURE;
        return NO_BYTES;
      case StandardRequest.SET_ADDRESS:
        // The address is between the device and its own bus, of which this one has none.
        return 'stalled';
      default:
        return 'unknown';
    }
  }

  #readInterface({ bRequest, wIndex }: SetupPacket): StandardAnswer {
    const alternateSetting = this.#state.alternateSetting(wIndex & 0xff);
    switch (bRequest) {
      case StandardRequest.GET_INTERFACE:
        return alternateSetting === undefined ? 'stalled' : Uint8Array.of(alternateSetting);
      case StandardRequest.GET_STATUS:
        return alternateSetting === undefined ? 'stalled' : Uint8Array.of(0, 0);
      default:
        return 'unknown';
    }
  }

  #writeInterface({ bRequest, wValue, wIndex }: SetupPacket): StandardAnswer {
    if (bRequest !== StandardRequest.SET_INTERFACE) return 'unknown';
    return this.#done(this.#state.setInterface(wIndex & 0xff, wValue & 0xff));
  }

  #readEndpoint({ bRequest, wIndex }: SetupPacket): StandardAnswer {
    if (bRequest !== StandardRequest.GET_STATUS) return 'unknown';
    if (isControlEndpoint(wIndex)) return Uint8Array.of(0, 0);
    const endpoint = this.#state.endpoint(wIndex & 0xff);
    if (endpoint === undefined) return 'unknown';
    return Uint8Array.of(endpoint.pipe?.isHalted === true ? 1 : 0, 0);
  }

  #writeEndpoint({ bRequest, wValue, wIndex }: SetupPacket): StandardAnswer {
    const isSet = bRequest === StandardRequest.SET_FEATURE;
    if (!isSet && bRequest !== StandardRequest.CLEAR_FEATURE) return 'unknown';
    if (wValue !== FeatureSelector.ENDPOINT_HALT) return 'stalled';
    // Endpoint 0 forgets its halt with the next setup packet anyway, [USB 2.0] 9.4.5.
    if (isControlEndpoint(wIndex)) return isSet ? 'stalled' : NO_BYTES;
    const endpointAddress = wIndex & 0xff;
    return this.#done(isSet ? this.#state.setHalt(endpointAddress) : this.#state.clearHalt(endpointAddress));
  }

  #descriptor(type: number, index: number): Uint8Array | undefined {
    const { deviceDescriptor, configurationDescriptors, bos } = this.#description;
    const { deviceQualifier, otherSpeedConfigurations } = this.#description;
    switch (type) {
      case DescriptorType.DEVICE:
        return index === 0 ? deviceDescriptor : undefined;
      case DescriptorType.CONFIGURATION:
        return configurationDescriptors[index];
      case DescriptorType.STRING:
        return this.#string(index);
      case DescriptorType.DEVICE_QUALIFIER:
        return deviceQualifier;
      case DescriptorType.OTHER_SPEED_CONFIGURATION:
        return otherSpeedConfigurations?.[index];
      case DescriptorType.BOS:
        return bos;
      default:
        return undefined;
    }
  }

  #string(index: number): Uint8Array | undefined {
    if (index === 0) return encoded({ name: 'STRING_DESCRIPTOR_ZERO', wLANGID: [ENGLISH] });
    const bString = this.#description.strings[index - 1];
    return bString === undefined ? undefined : encoded({ name: 'STRING_DESCRIPTOR', bString });
  }

  #done(happened: boolean): StandardAnswer {
    return happened ? NO_BYTES : 'stalled';
  }

  #has(attribute: number): boolean {
    const configurationValue = this.#state.configurationValue;
    const [first = 0] = this.#attributes.values();
    return ((this.#attributes.get(configurationValue) ?? first) & attribute) !== 0;
  }
}

function isControlEndpoint(wIndex: number): boolean {
  return (wIndex & 0x0f) === 0;
}

function encoded(descriptor: UsbDescriptor): Uint8Array {
  return joinParts(encodeDescriptors([descriptor]));
}
