import type { Configuration, EndpointSetting, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { InterfaceInformation } from '../../../codecs/urbdrc/tsUrb/selectUrbs.ts';
import type {
  InterfaceInformationResult,
  PipeInformationResult,
} from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';

/** Bytes that one transfer may have, told to the server; it is advice and nothing depends on it. */
const MAXIMUM_TRANSFER_SIZE = 4 * 1024 * 1024;

const PIPE_TYPES = { control: 0, isochronous: 1, bulk: 2, interrupt: 3 } as const;

interface SelectedInterface {
  readonly setting: InterfaceSetting;
  readonly interfaceHandle: number;
  /** By PipeHandle. */
  readonly pipes: ReadonlyMap<number, EndpointSetting>;
}

/**
 * The handles of one device, [MS-RDPEUSB] 3.3.1: which configuration and which alternate settings are selected, and
 * which endpoint each pipe handle means. A selection counts up the generation, which is part of every handle, so old
 * handles never mean a new pipe.
 */
export class PipeTable {
  #generation = 0;
  #configuration: { readonly handle: number; readonly configuration: Configuration } | undefined;
  readonly #interfaces = new Map<number, SelectedInterface>();

  get configuration(): Configuration | undefined {
    return this.#configuration?.configuration;
  }

  /** 0 while the device is not configured. */
  get configurationHandle(): number {
    return this.#configuration?.handle ?? 0;
  }

  /** The endpoint that a live pipe handle means. */
  endpoint(pipeHandle: number): EndpointSetting | undefined {
    for (const { pipes } of this.#interfaces.values()) {
      const endpoint = pipes.get(pipeHandle);
      if (endpoint !== undefined) return endpoint;
    }
    return undefined;
  }

  unconfigure(): void {
    this.#configuration = undefined;
    this.#interfaces.clear();
  }

  /** `settings` are in force, and nothing of what was before. */
  selectConfiguration(configuration: Configuration, settings: readonly InterfaceSetting[]): void {
    this.#nextGeneration();
    this.#interfaces.clear();
    this.#configuration = { handle: this.#handle(configuration.configurationValue), configuration };
    for (const setting of settings) this.#select(setting);
  }

  /** `setting` is in force; the interface's earlier pipe handles are dead. */
  selectInterface(setting: InterfaceSetting): void {
    this.#nextGeneration();
    this.#select(setting);
  }

  /** A plain SET_CONFIGURATION went to the device: handles live on where their alternate setting is still in force. */
  configurationWasSet(configuration: Configuration): void {
    const defaults = configuration.interfaces.filter(({ alternateSetting }) => alternateSetting === 0);
    if (configuration !== this.configuration) {
      this.selectConfiguration(configuration, defaults);
      return;
    }
    for (const setting of defaults) this.interfaceWasSet(setting.interfaceNumber, setting);
  }

  /** A plain SET_INTERFACE went to the device; `setting` is undefined where no descriptor tells of it. */
  interfaceWasSet(interfaceNumber: number, setting: InterfaceSetting | undefined): void {
    if (setting === undefined) this.#interfaces.delete(interfaceNumber);
    else if (this.#interfaces.get(interfaceNumber)?.setting !== setting) this.selectInterface(setting);
  }

  /** What the result of a selection says about an interface. */
  describe(wanted: InterfaceInformation): InterfaceInformationResult {
    const selected = this.#interfaces.get(wanted.interfaceNumber);
    const setting = selected?.setting;
    return {
      interfaceNumber: wanted.interfaceNumber,
      alternateSetting: setting?.alternateSetting ?? wanted.alternateSetting,
      class: setting?.interfaceClass ?? 0,
      subClass: setting?.interfaceSubClass ?? 0,
      protocol: setting?.interfaceProtocol ?? 0,
      interfaceHandle: selected?.interfaceHandle ?? 0,
      pipes: [...(selected?.pipes ?? [])].map(([pipeHandle, endpoint], index) =>
        describePipe(pipeHandle, endpoint, wanted.pipes[index]?.pipeFlags ?? 0),
      ),
    };
  }

  #select(setting: InterfaceSetting): void {
    const pipes = setting.endpoints.map((endpoint) => [this.#handle(endpoint.endpointAddress), endpoint] as const);
    this.#interfaces.set(setting.interfaceNumber, {
      setting,
      interfaceHandle: this.#handle(setting.interfaceNumber),
      pipes: new Map(pipes),
    });
  }

  /** 24 bits, never 0, and so no handle is 0. */
  #nextGeneration(): void {
    this.#generation = (this.#generation % 0xff_ffff) + 1;
  }

  #handle(low: number): number {
    return this.#generation * 0x100 + low;
  }
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
