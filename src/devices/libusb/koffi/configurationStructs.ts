import type {
  NativeConfigurationDescriptor,
  NativeEndpointDescriptor,
  NativeInterfaceDescriptor,
} from '../usbBinding.ts';
import type { Koffi, Pointer } from './libusbLibrary.ts';

/** Sizes of libusb's structs on 64-bit platforms. */
const Size = { configuration: 40, interface: 16, interfaceDescriptor: 40, endpoint: 32 } as const;

/** A struct of libusb in native memory. */
class Struct {
  readonly #koffi: Koffi;
  readonly #view: DataView;

  constructor(koffi: Koffi, pointer: Pointer, size: number) {
    this.#koffi = koffi;
    this.#view = new DataView(koffi.view(pointer, size));
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  i32(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  /** The structs of an array, to which there is a pointer at `offset`. */
  array<T>(offset: number, count: number, size: number, read: (struct: Struct) => T): T[] {
    const pointer = this.#pointer(offset);
    return Array.from({ length: count }, (_, index) =>
      read(new Struct(this.#koffi, pointer + BigInt(index * size), size)),
    );
  }

  /** A copy of the bytes at the pointer at `offset`, of the length that stands behind it. */
  extra(offset: number): Uint8Array {
    const length = this.i32(offset + 8);
    return length > 0 ? new Uint8Array(this.#koffi.view(this.#pointer(offset), length)).slice() : new Uint8Array(0);
  }

  #pointer(offset: number): Pointer {
    return this.#view.getBigUint64(offset, true);
  }
}

/** Copies struct libusb_config_descriptor and all that it points to. */
export function readConfigurationStructs(koffi: Koffi, pointer: Pointer): NativeConfigurationDescriptor {
  const struct = new Struct(koffi, pointer, Size.configuration);
  return {
    bLength: struct.u8(0),
    bDescriptorType: struct.u8(1),
    bNumInterfaces: struct.u8(4),
    bConfigurationValue: struct.u8(5),
    iConfiguration: struct.u8(6),
    bmAttributes: struct.u8(7),
    bMaxPower: struct.u8(8),
    interfaces: struct.array(16, struct.u8(4), Size.interface, (settings) =>
      settings.array(0, settings.i32(8), Size.interfaceDescriptor, readInterface),
    ),
    extra: struct.extra(24),
  };
}

function readInterface(struct: Struct): NativeInterfaceDescriptor {
  return {
    bLength: struct.u8(0),
    bDescriptorType: struct.u8(1),
    bInterfaceNumber: struct.u8(2),
    bAlternateSetting: struct.u8(3),
    bNumEndpoints: struct.u8(4),
    bInterfaceClass: struct.u8(5),
    bInterfaceSubClass: struct.u8(6),
    bInterfaceProtocol: struct.u8(7),
    iInterface: struct.u8(8),
    endpoints: struct.array(16, struct.u8(4), Size.endpoint, readEndpoint),
    extra: struct.extra(24),
  };
}

function readEndpoint(struct: Struct): NativeEndpointDescriptor {
  return {
    bLength: struct.u8(0),
    bDescriptorType: struct.u8(1),
    bEndpointAddress: struct.u8(2),
    bmAttributes: struct.u8(3),
    wMaxPacketSize: struct.u16(4),
    bInterval: struct.u8(6),
    bRefresh: struct.u8(7),
    bSynchAddress: struct.u8(8),
    extra: struct.extra(16),
  };
}
