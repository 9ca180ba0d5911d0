/// <reference types="w3c-web-usb" preserve="true" />
import {
  type Configuration,
  type EndpointSetting,
  type InterfaceSetting,
  packetSizeOf,
} from '../../../codecs/usb/configurationDescriptor.ts';
import type { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
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
  /** The one in force. */
  readonly selected: DeviceAlternate;
  claimed: boolean;
  /** The method that is changing this interface just now. */
  changing: string | undefined;
}

/** A configuration and what WebUSB shows of it. */
export interface DeviceConfiguration {
  readonly value: number;
  readonly source: Configuration;
  readonly interfaces: readonly DeviceInterface[];
  readonly view: Shape<USBConfiguration>;
}

/** The configurations of a device, as WebUSB shows them; `active` tells what is in force. */
export function buildConfigurations(
  configurations: readonly Configuration[],
  active: ActiveConfiguration,
  strings: StringTable,
): DeviceConfiguration[] {
  return configurations.map((configuration) => buildConfiguration(configuration, active, strings));
}

/** The index of every string descriptor that configurations name. */
export function stringIndexes(configurations: readonly Configuration[]): number[] {
  return configurations.flatMap(({ nameIndex, interfaces }) => [
    nameIndex,
    ...interfaces.map((each) => each.nameIndex),
  ]);
}

/** The alternate setting that an interface has before any is selected. */
export function defaultAlternate(alternates: readonly [DeviceAlternate, ...DeviceAlternate[]]): DeviceAlternate {
  return alternates.find((alternate) => alternate.setting === 0) ?? alternates[0];
}

/** Takes back the claims. */
export function releaseAll(configuration: DeviceConfiguration | undefined): void {
  for (const each of configuration?.interfaces ?? []) each.claimed = false;
}

/** The addresses that transfers of these interfaces may have just now. */
export function endpointAddresses(interfaces: readonly DeviceInterface[]): Set<number> {
  return new Set(interfaces.flatMap((each) => each.selected.endpoints.map((endpoint) => endpoint.address)));
}

function buildConfiguration(
  configuration: Configuration,
  active: ActiveConfiguration,
  strings: StringTable,
): DeviceConfiguration {
  const { configurationValue: value, nameIndex } = configuration;
  const alternatesOf = new Map<number, [DeviceAlternate, ...DeviceAlternate[]]>();
  for (const setting of configuration.interfaces) {
    const alternate = buildAlternate(setting, strings);
    const known = alternatesOf.get(setting.interfaceNumber);
    if (known === undefined) alternatesOf.set(setting.interfaceNumber, [alternate]);
    else known.push(alternate);
  }
  const settingOf = (number: number) =>
    active.configuration === configuration ? active.setting(number)?.alternateSetting : undefined;
  const interfaces = [...alternatesOf].map(([number, alternates]) =>
    buildInterface(number, alternates, () => settingOf(number)),
  );
  const views = interfaces.map((each) => each.view);
  return {
    value,
    source: configuration,
    interfaces,
    view: {
      configurationValue: value,
      interfaces: views,
      get configurationName() {
        return strings.get(nameIndex) ?? null;
      },
    },
  };
}

function buildInterface(
  number: number,
  alternates: [DeviceAlternate, ...DeviceAlternate[]],
  settingInForce: () => number | undefined,
): DeviceInterface {
  const state: DeviceInterface = {
    number,
    alternates,
    get selected() {
      const setting = settingInForce();
      return alternates.find((each) => each.setting === setting) ?? defaultAlternate(alternates);
    },
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

function buildAlternate(setting: InterfaceSetting, strings: StringTable): DeviceAlternate {
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
        return strings.get(setting.nameIndex) ?? null;
      },
    },
  };
}

/** None for a control endpoint: WebUSB has no way to use one besides endpoint 0. */
function buildEndpoint(endpoint: EndpointSetting): DeviceEndpoint[] {
  const { endpointAddress, transferType } = endpoint;
  if (transferType === 'control') return [];
  const view: USBEndpoint = {
    endpointNumber: endpointAddress & 0x0f,
    direction: (endpointAddress & 0x80) === 0 ? 'out' : 'in',
    type: transferType,
    packetSize: packetSizeOf(endpoint),
  };
  return [{ address: endpointAddress, view }];
}

/** Keeps other methods off the interface until `body` is through. */
export async function changing(state: DeviceInterface, method: string, body: () => Promise<void>): Promise<void> {
  state.changing = method;
  try {
    await body();
  } finally {
    state.changing = undefined;
  }
}

/** The alternate settings that are not those with which a configuration begins. */
export function changedSettings(configuration: DeviceConfiguration | undefined) {
  return (configuration?.interfaces ?? []).flatMap(({ number: interfaceNumber, selected, alternates }) =>
    selected === defaultAlternate(alternates) ? [] : [{ interfaceNumber, alternateSetting: selected.setting }],
  );
}
