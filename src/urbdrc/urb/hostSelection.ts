import type { Configuration, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { InterfaceInformation } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { InterfaceInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';

/** Windows ignores what the server says here. */
const ANY_TRANSFER_SIZE = 0xffff_ffff;

/** What the client last told about its handles. Pipes are found by EndpointAddress, never by position. */
export class HostSelection {
  #configuration: { readonly handle: number; readonly configuration: Configuration } | undefined;
  /** Pipe handles by endpoint address, by interface number. */
  readonly #interfaces = new Map<number, ReadonlyMap<number, number>>();

  get current(): { readonly handle: number; readonly configuration: Configuration } | undefined {
    return this.#configuration;
  }

  pipeHandle(endpointAddress: number): number | undefined {
    for (const pipes of this.#interfaces.values()) {
      const handle = pipes.get(endpointAddress);
      if (handle !== undefined) return handle;
    }
    return undefined;
  }

  clear(): void {
    this.#configuration = undefined;
    this.#interfaces.clear();
  }

  /**
   * Takes over the result of SELECT_CONFIGURATION. False when it selected nothing: FreeRDP reports a failure as success
   * with no interfaces.
   */
  configured(configuration: Configuration, result: TsUrbResult): boolean {
    this.clear();
    if (result.name !== 'TS_URB_SELECT_CONFIGURATION_RESULT') return false;
    if (result.interfaces.length === 0 && configuration.interfaces.length > 0) return false;
    this.#configuration = { handle: result.configurationHandle, configuration };
    for (const each of result.interfaces) this.#learn(each);
    return true;
  }

  /** Takes over the result of SELECT_INTERFACE; false when it has none. */
  interfaceSelected(result: TsUrbResult): boolean {
    if (result.name !== 'TS_URB_SELECT_INTERFACE_RESULT') return false;
    this.#learn(result.interface);
    return true;
  }

  #learn({ interfaceNumber, pipes }: InterfaceInformationResult): void {
    const handles = pipes.map(({ endpointAddress, pipeHandle }) => [endpointAddress, pipeHandle] as const);
    this.#interfaces.set(interfaceNumber, new Map(handles));
  }
}

/** One structure for each interface number, alternate setting 0: mstsc and FreeRDP insist on both. */
export function initialInterfaces(configuration: Configuration): InterfaceInformation[] {
  const chosen = new Map<number, InterfaceSetting>();
  for (const setting of configuration.interfaces) {
    const before = chosen.get(setting.interfaceNumber);
    if (before === undefined || (before.alternateSetting !== 0 && setting.alternateSetting === 0)) {
      chosen.set(setting.interfaceNumber, setting);
    }
  }
  return [...chosen.values()].map(interfaceInformation);
}

/** What a selection says about the setting that it wants. */
export function interfaceInformation(setting: InterfaceSetting): InterfaceInformation {
  return {
    interfaceNumber: setting.interfaceNumber,
    alternateSetting: setting.alternateSetting,
    pipes: setting.endpoints.map(({ maxPacketSize }) => ({
      maximumPacketSize: maxPacketSize & 0x7ff,
      maximumTransferSize: ANY_TRANSFER_SIZE,
      pipeFlags: 0,
    })),
  };
}
