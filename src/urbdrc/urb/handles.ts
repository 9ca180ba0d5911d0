import type { Configuration, EndpointSetting, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { InterfaceInformation } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type {
  InterfaceInformationResult,
  PipeInformationResult,
} from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../../usb/activeConfiguration.ts';

/** Bytes that one transfer may have, told to the server; it is advice and nothing depends on it. */
const MAXIMUM_TRANSFER_SIZE = 4 * 1024 * 1024;

const PIPE_TYPES = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;

/**
 * The handles that a client gives for one device, [MS-RDPEUSB] 3.3.1. What they stand for, the active configuration
 * knows: handles live as long as their alternate setting is in force. A selection counts up the generation, which is part
 * of every handle, so old handles never mean a new pipe.
 */
export class DeviceHandles {
  readonly #active: ActiveConfiguration;
  #generation = 0;
  /** Generations of the settings in force. */
  #generations = new Map<InterfaceSetting, number>();
  /** By PipeHandle. */
  readonly #pipes = new Map<number, EndpointSetting>();
  #configurationHandle = 0;

  /** @param configurations - those of the device that can be selected */
  constructor(configurations: readonly Configuration[]) {
    this.#active = new ActiveConfiguration(configurations);
  }

  get configuration(): Configuration | undefined {
    return this.#active.configuration;
  }

  /** 0 while the device is not configured. */
  get configurationHandle(): number {
    return this.#configurationHandle;
  }

  /** The endpoint that a live pipe handle means. */
  endpoint(pipeHandle: number): EndpointSetting | undefined {
    return this.#pipes.get(pipeHandle);
  }

  /** `operation` completed with success: handles of what is no longer in force are dead. */
  note(operation: UsbOperation): void {
    if (operation.type !== 'setConfiguration' && operation.type !== 'setInterface') return;
    const { configuration } = this.#active;
    this.#active.note(operation);
    this.#give(this.#generations, this.#active.configuration !== configuration);
  }

  /** The server has selected an interface, or the configuration: all handles of it so far are dead, new ones are given. */
  renew(interfaceNumber?: number): void {
    const kept = new Map(this.#generations);
    for (const setting of this.#generations.keys()) {
      if (interfaceNumber === undefined || setting.interfaceNumber === interfaceNumber) kept.delete(setting);
    }
    this.#give(kept, interfaceNumber === undefined);
  }

  /** What the result of a selection says about an interface. */
  describe({ interfaceNumber, alternateSetting, pipes }: InterfaceInformation): InterfaceInformationResult {
    const setting = this.#active.setting(interfaceNumber);
    const nothing = { class: 0, subClass: 0, protocol: 0, interfaceHandle: 0, pipes: [] };
    if (setting === undefined) return { interfaceNumber, alternateSetting, ...nothing };
    const generation = this.#generations.get(setting) ?? 0;
    return {
      interfaceNumber,
      alternateSetting: setting.alternateSetting,
      class: setting.interfaceClass,
      subClass: setting.interfaceSubClass,
      protocol: setting.interfaceProtocol,
      interfaceHandle: handle(generation, interfaceNumber),
      pipes: setting.endpoints.map((endpoint, index) =>
        describePipe(handle(generation, endpoint.endpointAddress), endpoint, pipes[index]?.pipeFlags ?? 0),
      ),
    };
  }

  /** Handles for what is in force: those that were `kept`, else of a new generation (24 bits, never 0). */
  #give(kept: ReadonlyMap<InterfaceSetting, number>, isNewConfiguration: boolean): void {
    this.#generation = (this.#generation % 0xff_ffff) + 1;
    const { configuration, settings } = this.#active;
    if (configuration === undefined) this.#configurationHandle = 0;
    else if (isNewConfiguration) {
      this.#configurationHandle = handle(this.#generation, configuration.configurationValue);
    }
    this.#generations = new Map(settings.map((setting) => [setting, kept.get(setting) ?? this.#generation]));
    this.#pipes.clear();
    for (const [{ endpoints }, generation] of this.#generations) {
      for (const endpoint of endpoints) this.#pipes.set(handle(generation, endpoint.endpointAddress), endpoint);
    }
  }
}

function handle(generation: number, low: number): number {
  return generation * 0x100 + low;
}

function describePipe(pipeHandle: number, endpoint: EndpointSetting, pipeFlags: number): PipeInformationResult {
  return {
    maximumPacketSize: bytesPerInterval(endpoint.maxPacketSize),
    endpointAddress: endpoint.endpointAddress,
    interval: endpoint.interval,
    pipeType: PIPE_TYPES[endpoint.transferType],
    pipeHandle,
    maximumTransferSize: MAXIMUM_TRANSFER_SIZE,
    pipeFlags,
  };
}

/** wMaxPacketSize's bits 11 and 12 count further transactions in a microframe, [USB 2.0] 9.6.6. */
function bytesPerInterval(maxPacketSize: number): number {
  return (maxPacketSize & 0x7ff) * (1 + ((maxPacketSize >> 11) & 3));
}

/**
 * What a server has learned of the client's handles. A pipe has one while its endpoint is in a setting in force: it is
 * found by EndpointAddress, never by position.
 */
export class HostHandles {
  readonly #active: ActiveConfiguration;
  /** By bEndpointAddress. */
  readonly #pipes = new Map<number, number>();
  /** Undefined while the device is not configured. */
  #configurationHandle: number | undefined;

  constructor(configurations: readonly Configuration[]) {
    this.#active = new ActiveConfiguration(configurations);
  }

  /** The configuration that is selected, and its handle. */
  get selected(): { readonly handle: number; readonly configuration: Configuration } | undefined {
    const { configuration } = this.#active;
    const handle = this.#configurationHandle;
    return configuration === undefined || handle === undefined ? undefined : { handle, configuration };
  }

  pipeHandle(endpointAddress: number): number | undefined {
    return this.#pipes.get(endpointAddress);
  }

  /**
   * Takes over the result of SELECT_CONFIGURATION. False when it selected nothing: FreeRDP reports a failure as success
   * with no interfaces.
   */
  configured(configuration: Configuration, result: TsUrbResult): boolean {
    this.#configurationHandle = undefined;
    this.#pipes.clear();
    if (result.name !== 'TS_URB_SELECT_CONFIGURATION_RESULT') return false;
    if (result.interfaces.length === 0 && configuration.interfaces.length > 0) return false;
    this.#configurationHandle = result.configurationHandle;
    this.#active.note({ type: 'setConfiguration', configurationValue: configuration.configurationValue });
    for (const each of result.interfaces) this.#learn(each);
    return true;
  }

  unconfigured(): void {
    this.#configurationHandle = undefined;
    this.#pipes.clear();
    this.#active.note({ type: 'setConfiguration', configurationValue: 0 });
  }

  /** Takes over the result of SELECT_INTERFACE for a setting; false when it has none. */
  interfaceSelected({ interfaceNumber, alternateSetting }: InterfaceSetting, result: TsUrbResult): boolean {
    if (result.name !== 'TS_URB_SELECT_INTERFACE_RESULT') return false;
    // What its pipes are now, the result tells, also of those that it had before.
    const before = this.#active.setting(interfaceNumber)?.endpoints ?? [];
    for (const { endpointAddress } of before) this.#pipes.delete(endpointAddress);
    this.#active.note({ type: 'setInterface', interfaceNumber, alternateSetting });
    this.#learn(result.interface);
    return true;
  }

  /** Pipes that no setting in force has are of no use. Of two with one address the first counts. */
  #learn({ pipes }: InterfaceInformationResult): void {
    for (const { endpointAddress, pipeHandle } of pipes) {
      const isInForce = this.#active.endpoint(endpointAddress) !== undefined;
      if (isInForce && !this.#pipes.has(endpointAddress)) this.#pipes.set(endpointAddress, pipeHandle);
    }
  }
}
