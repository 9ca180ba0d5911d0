import {
  type Configuration,
  type EndpointSetting,
  type InterfaceSetting,
  packetSizeOf,
} from '../../codecs/usb/configurationDescriptor.ts';
import { stateRequestOf } from '../../codecs/usb/stateRequest.ts';
import type { UsbOperation } from '../ports/usb.ts';

/**
 * Which configuration of a device is active, which alternate settings are in force, and so which endpoints there are,
 * [USB 2.0] 9.1.1.5. It learns this from the operations that completed: call {@link note} for each.
 *
 * A reset changes nothing here: hosts restore configuration and alternate settings after it. Where a platform does not,
 * note a SET_CONFIGURATION with the active configuration's value, which puts all interfaces back to their first setting.
 */
export class ActiveConfiguration {
  readonly #configurations: readonly Configuration[];
  #configuration: Configuration | undefined;
  /** By interface number, in the order of the descriptors. */
  readonly #settings = new Map<number, InterfaceSetting>();
  /** Those of the settings in force, by bEndpointAddress. */
  readonly #endpoints = new Map<number, EndpointSetting>();

  /**
   * @param configurations - those of the device
   * @param initial - the configuration that is active already; default: the device is not configured
   */
  constructor(configurations: readonly Configuration[], initial?: Configuration) {
    this.#configurations = configurations;
    this.#select(initial);
  }

  /** Undefined: the device is not configured, or has a configuration that no descriptor tells of. */
  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  /** The setting in force of each interface, in the order of the descriptors. */
  get settings(): readonly InterfaceSetting[] {
    return [...this.#settings.values()];
  }

  /** The setting in force of an interface. Undefined: there is no such interface, or no descriptor tells of its setting. */
  setting(interfaceNumber: number): InterfaceSetting | undefined {
    return this.#settings.get(interfaceNumber);
  }

  /** The endpoint with this bEndpointAddress in the settings in force. */
  endpoint(endpointAddress: number): EndpointSetting | undefined {
    return this.#endpoints.get(endpointAddress);
  }

  /**
   * Like {@link endpoint}, but an endpoint that the settings in force do not have is looked for in the other settings,
   * then in the other configurations: for callers who should not stop a transfer because a descriptor is wrong.
   */
  likelyEndpoint(endpointAddress: number): EndpointSetting | undefined {
    const inForce = this.#endpoints.get(endpointAddress);
    if (inForce !== undefined) return inForce;
    const active = this.#configuration === undefined ? [] : [this.#configuration];
    for (const { interfaces } of [...active, ...this.#configurations]) {
      for (const { endpoints } of interfaces) {
        const endpoint = endpoints.find((each) => each.endpointAddress === endpointAddress);
        if (endpoint !== undefined) return endpoint;
      }
    }
    return undefined;
  }

  /** Bytes of a packet of the {@link likelyEndpoint}. */
  packetSize(endpointAddress: number): number | undefined {
    const endpoint = this.likelyEndpoint(endpointAddress);
    return endpoint && packetSizeOf(endpoint);
  }

  /** `operation` completed with success. Control requests count for what they do. */
  note(operation: UsbOperation): void {
    switch (operation.type) {
      case 'control': {
        const change = stateRequestOf(operation.setup);
        if (change !== undefined) this.note(change);
        return;
      }
      case 'setConfiguration':
        this.#select(findConfiguration(this.#configurations, operation.configurationValue));
        return;
      case 'setInterface':
        this.#setInterface(operation.interfaceNumber, operation.alternateSetting);
        return;
      default:
        return;
    }
  }

  #select(configuration: Configuration | undefined): void {
    this.#configuration = configuration;
    this.#settings.clear();
    if (configuration !== undefined) {
      for (const setting of initialSettings(configuration)) this.#settings.set(setting.interfaceNumber, setting);
    }
    this.#findEndpoints();
  }

  #setInterface(interfaceNumber: number, alternateSetting: number): void {
    if (this.#configuration === undefined) return;
    const setting = findSetting(this.#configuration, { interfaceNumber, alternateSetting });
    if (setting === undefined) this.#settings.delete(interfaceNumber);
    else this.#settings.set(interfaceNumber, setting);
    this.#findEndpoints();
  }

  /** Of two endpoints with one address the first counts. */
  #findEndpoints(): void {
    this.#endpoints.clear();
    for (const { endpoints } of this.#settings.values()) {
      for (const endpoint of endpoints) {
        if (!this.#endpoints.has(endpoint.endpointAddress)) this.#endpoints.set(endpoint.endpointAddress, endpoint);
      }
    }
  }
}

/**
 * The configuration with this bConfigurationValue. 0 means not configured, except for a device that has a configuration
 * of that value against the rules: hosts take it then.
 */
export function findConfiguration(
  configurations: readonly Configuration[],
  configurationValue: number,
): Configuration | undefined {
  return configurations.find((each) => each.configurationValue === configurationValue);
}

/** An alternate setting of an interface. */
export function findSetting(
  configuration: Configuration,
  wanted: Pick<InterfaceSetting, 'interfaceNumber' | 'alternateSetting'>,
): InterfaceSetting | undefined {
  return configuration.interfaces.find(
    ({ interfaceNumber, alternateSetting }) =>
      interfaceNumber === wanted.interfaceNumber && alternateSetting === wanted.alternateSetting,
  );
}

/** The settings that SET_CONFIGURATION activates: of each interface setting 0, or the first where there is no 0. */
export function initialSettings(configuration: Configuration): InterfaceSetting[] {
  const chosen = new Map<number, InterfaceSetting>();
  for (const setting of configuration.interfaces) {
    const before = chosen.get(setting.interfaceNumber);
    if (before === undefined || (before.alternateSetting !== 0 && setting.alternateSetting === 0)) {
      chosen.set(setting.interfaceNumber, setting);
    }
  }
  return [...chosen.values()];
}
