/// <reference types="w3c-web-usb" preserve="true" />
import { DecodeError } from '../../../codecs/core/errors.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  parseConfiguration,
  type EndpointSetting,
  type InterfaceSetting,
} from '../../../codecs/usb/configurationDescriptor.ts';
import { ConfigurationDescriptor, InterfaceDescriptor } from '../../../codecs/usb/configurationDescriptors.ts';
import { DescriptorType, peekDescriptor } from '../../../codecs/usb/descriptorHeader.ts';
import type { Shape } from './shape.ts';

/** Texts of a device by the index of their string descriptor; filled when the device is opened. */
export type StringTable = ReadonlyMap<number, string>;

/** An endpoint and what WebUSB shows of it. */
export interface DeviceEndpoint {
  /** bEndpointAddress. */
  readonly address: number;
  readonly view: USBEndpoint;
}

/** An alternate setting and what WebUSB shows of it. */
export interface DeviceAlternate {
  readonly setting: number;
  readonly endpoints: readonly DeviceEndpoint[];
  readonly view: Shape<USBAlternateInterface>;
}

/** An interface, its state, and what WebUSB shows of it. */
export interface DeviceInterface {
  readonly number: number;
  readonly alternates: readonly [DeviceAlternate, ...DeviceAlternate[]];
  readonly view: Shape<USBInterface>;
  selected: DeviceAlternate;
  claimed: boolean;
  /** The method that is changing this interface just now. */
  changing: string | undefined;
}

/** A configuration and what WebUSB shows of it. */
export interface DeviceConfiguration {
  readonly value: number;
  readonly interfaces: readonly DeviceInterface[];
  readonly view: Shape<USBConfiguration>;
}

/**
 * The configurations of a device. One whose descriptor is malformed is left out, as browsers do: the others still
 * work.
 */
export function buildConfigurations(descriptors: readonly Uint8Array[], strings: StringTable): DeviceConfiguration[] {
  const configurations: DeviceConfiguration[] = [];
  for (const bytes of descriptors) {
    try {
      configurations.push(buildConfiguration(bytes, strings));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return configurations;
}

/** Every index of a string descriptor that a configuration descriptor mentions. */
export function stringIndexes(descriptors: readonly Uint8Array[]): number[] {
  const indexes: number[] = [];
  for (const bytes of descriptors) {
    try {
      const names = readNames(bytes);
      indexes.push(names.configuration, ...names.interfaces);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return indexes;
}

/** The alternate setting that an interface has before any is selected. */
export function defaultAlternate(alternates: readonly [DeviceAlternate, ...DeviceAlternate[]]): DeviceAlternate {
  return alternates.find((alternate) => alternate.setting === 0) ?? alternates[0];
}

/** Takes back a claim and the choice of an alternate setting, here and not on the device. */
export function release(state: DeviceInterface): void {
  state.claimed = false;
  state.selected = defaultAlternate(state.alternates);
}

/** {@link release} for every interface. */
export function releaseAll(configuration: DeviceConfiguration | undefined): void {
  for (const each of configuration?.interfaces ?? []) release(each);
}

/** The addresses that transfers of these interfaces may have just now. */
export function endpointAddresses(interfaces: readonly DeviceInterface[]): Set<number> {
  return new Set(interfaces.flatMap((each) => each.selected.endpoints.map((endpoint) => endpoint.address)));
}

function buildConfiguration(bytes: Uint8Array, strings: StringTable): DeviceConfiguration {
  const { configurationValue: value, interfaces: settings } = parseConfiguration(bytes);
  const names = readNames(bytes);
  const alternatesOf = new Map<number, [DeviceAlternate, ...DeviceAlternate[]]>();
  settings.forEach((setting, position) => {
    const alternate = buildAlternate(setting, names.interfaces[position] ?? 0, strings);
    const known = alternatesOf.get(setting.interfaceNumber);
    if (known === undefined) alternatesOf.set(setting.interfaceNumber, [alternate]);
    else known.push(alternate);
  });
  const interfaces = [...alternatesOf].map(([number, alternates]) => buildInterface(number, alternates));
  const views = interfaces.map((each) => each.view);
  return {
    value,
    interfaces,
    view: {
      configurationValue: value,
      interfaces: views,
      get configurationName() {
        return strings.get(names.configuration) ?? null;
      },
    },
  };
}

function buildInterface(number: number, alternates: [DeviceAlternate, ...DeviceAlternate[]]): DeviceInterface {
  const state: DeviceInterface = {
    number,
    alternates,
    selected: defaultAlternate(alternates),
    claimed: false,
    changing: undefined,
    view: {
      interfaceNumber: number,
      alternates: alternates.map((alternate) => alternate.view),
      get alternate() {
        return state.selected.view;
      },
      get claimed() {
        return state.claimed;
      },
    },
  };
  return state;
}

function buildAlternate(setting: InterfaceSetting, nameIndex: number, strings: StringTable): DeviceAlternate {
  const endpoints = setting.endpoints.flatMap((endpoint) => buildEndpoint(endpoint));
  return {
    setting: setting.alternateSetting,
    endpoints,
    view: {
      alternateSetting: setting.alternateSetting,
      interfaceClass: setting.interfaceClass,
      interfaceSubclass: setting.interfaceSubClass,
      interfaceProtocol: setting.interfaceProtocol,
      endpoints: endpoints.map((endpoint) => endpoint.view),
      get interfaceName() {
        return strings.get(nameIndex) ?? null;
      },
    },
  };
}

/** None for a control endpoint: WebUSB has no way to use one besides endpoint 0. */
function buildEndpoint({ endpointAddress, transferType, maxPacketSize }: EndpointSetting): DeviceEndpoint[] {
  if (transferType === 'control') return [];
  const view: USBEndpoint = {
    endpointNumber: endpointAddress & 0x0f,
    direction: (endpointAddress & 0x80) === 0 ? 'out' : 'in',
    type: transferType,
    packetSize: maxPacketSize & 0x7ff,
  };
  return [{ address: endpointAddress, view }];
}

/** iConfiguration, and iInterface of each interface descriptor in order. */
interface NameIndexes {
  readonly configuration: number;
  readonly interfaces: readonly number[];
}

/** Lenient, as the devices' authors were: an index that is not there is 0. @throws DecodeError */
function readNames(bytes: Uint8Array): NameIndexes {
  const reader = new Reader(bytes, 'CONFIGURATION_DESCRIPTOR', ConfigurationDescriptor.spec, { lenient: true });
  const head = ConfigurationDescriptor.decode(reader.as('CONFIGURATION_DESCRIPTOR', ConfigurationDescriptor.spec));
  const interfaces: number[] = [];
  while (reader.remaining > 0 && reader.offset < head.wTotalLength) {
    const { descriptorType, length } = peekDescriptor(reader);
    const body = reader.sub(length, 'DESCRIPTOR');
    if (descriptorType === DescriptorType.INTERFACE) interfaces.push(InterfaceDescriptor.decode(body).iInterface);
  }
  return { configuration: head.iConfiguration, interfaces };
}
