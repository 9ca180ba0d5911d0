import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { BlockStore } from './blockStore.ts';
import { BulkOnlyDevice } from './bulkOnlyDevice.ts';
import { configurationBytes, deviceBytes, qualifierBytes, type DeviceDescription } from './deviceDescription.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { ScsiDisk } from './scsiDisk.ts';
import { VirtualDevice } from './virtualDevice.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Options of {@link MassStorageStick}. */
export interface MassStorageStickOptions {
  /** Where the blocks are. The stick closes it when it is disposed of. */
  readonly blocks: BlockStore;
  /**
   * Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private; 0x0001 is the stick's. No
   * device on sale has these, so that the stick is not mistaken for another one.
   */
  readonly vendorId?: number;
  /** Default 0x0001. */
  readonly productId?: number;
  /** Default `urbdrc`. INQUIRY shows the first 8 characters. */
  readonly manufacturerName?: string;
  /** Default `Virtual Stick`. INQUIRY shows the first 16 characters. */
  readonly productName?: string;
  /** At least 12 hexadecimal digits, [USB MSC BOT 1.0] 4.1.1. Default `000000000001`. */
  readonly serialNumber?: string;
  /** The RMB bit of INQUIRY: the medium is removable. Default: true, as for sticks. */
  readonly removable?: boolean;
}

const INTERFACE = 0;
const BULK_IN = 0x81;
const BULK_OUT = 0x02;
const MASS_STORAGE_RESET = 0xff;
const GET_MAX_LUN = 0xfe;

/** A high-speed USB stick: Bulk-Only Transport, SCSI transparent command set, blocks from a {@link BlockStore}. */
export class MassStorageStick extends VirtualDevice {
  readonly #blocks: BlockStore;
  readonly #disk: ScsiDisk;
  readonly #transport: BulkOnlyDevice;

  constructor(options: MassStorageStickOptions) {
    const identification = {
      vendor: options.manufacturerName ?? 'urbdrc',
      product: options.productName ?? 'Virtual Stick',
      revision: '1.0',
      serialNumber: options.serialNumber ?? '000000000001',
      removable: options.removable ?? true,
    };
    const { vendor, product, serialNumber } = identification;
    super(describe(options.vendorId ?? 0x1209, options.productId ?? 0x0001, [vendor, product, serialNumber]));
    this.#blocks = options.blocks;
    this.#disk = new ScsiDisk(options.blocks, identification);
    this.#transport = new BulkOnlyDevice(this.#disk, options.blocks, this.endpoints, {
      bulkIn: BULK_IN,
      bulkOut: BULK_OUT,
    });
  }

  override async dispose(): Promise<void> {
    await super.dispose();
    await this.#blocks.close();
  }

  protected override handleControl({ bmRequestType, bRequest, wValue, wIndex, wLength }: SetupPacket) {
    if (wIndex !== INTERFACE || wValue !== 0) return undefined;
    const toInterface = RequestType.class | RequestType.interface;
    if (bmRequestType === toInterface && bRequest === MASS_STORAGE_RESET && wLength === 0) {
      this.#transport.reset();
      return NO_BYTES;
    }
    const isMaxLun = bmRequestType === (RequestType.directionIn | toInterface) && bRequest === GET_MAX_LUN;
    return isMaxLun && wLength === 1 ? Uint8Array.of(0) : undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    return this.#transport.receive(data);
  }

  protected override drained(): void {
    this.#transport.drained();
  }

  protected override haltCleared(endpointAddress: number): void {
    this.#transport.haltCleared(endpointAddress);
  }

  protected override reset(): void {
    this.#disk.reset();
    this.#transport.reset();
  }
}

function describe(idVendor: number, idProduct: number, strings: readonly string[]): DeviceDescription {
  const device = { idVendor, idProduct, iManufacturer: 1, iProduct: 2, iSerialNumber: 3 };
  const power = { bmAttributes: 0x80, bMaxPower: 50 };
  return {
    speed: 'high',
    deviceDescriptor: deviceBytes(device),
    configurationDescriptors: [configurationBytes(power, interfaceAt(512))],
    strings,
    deviceQualifier: qualifierBytes(device),
    otherSpeedConfigurations: [configurationBytes(power, interfaceAt(64), 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR')],
  };
}

/** Mass storage (8), SCSI transparent command set (6), Bulk-Only Transport (0x50), [USB MSC BOT 1.0] 4.3 and 4.4. */
function interfaceAt(wMaxPacketSize: number): UsbDescriptor[] {
  const bulk = { name: 'ENDPOINT_DESCRIPTOR', bmAttributes: 2, wMaxPacketSize, bInterval: 0 } as const;
  return [
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: INTERFACE,
      bAlternateSetting: 0,
      bNumEndpoints: 2,
      bInterfaceClass: 8,
      bInterfaceSubClass: 6,
      bInterfaceProtocol: 0x50,
      iInterface: 0,
    },
    { ...bulk, bEndpointAddress: BULK_IN },
    { ...bulk, bEndpointAddress: BULK_OUT },
  ];
}
