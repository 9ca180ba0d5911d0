import type { SetupPacket } from '../../../../codecs/usb/setupPacket.ts';
import type { UsbDescriptor } from '../../../../codecs/usb/descriptors.ts';
import { configurationBytes, deviceBytes } from '../../../../src/devices/virtual/deviceDescription.ts';
import type { OutAnswer } from '../../../../src/devices/virtual/outEndpoint.ts';
import { VirtualDevice } from '../../../../src/devices/virtual/virtualDevice.ts';

export interface SmallDeviceOptions {
  readonly vendorId: number;
  readonly productId: number;
  /** Class, subclass and protocol of interface 0. */
  readonly interfaceClass: readonly [number, number, number];
  /** bEndpointAddress, bmAttributes (2 bulk, 3 interrupt) and packet size of its endpoints. */
  readonly endpoints?: readonly (readonly [number, number, number])[];
  /** Manufacturer, product, serial number. */
  readonly strings: readonly [string, string, string];
}

/** A device of one interface, about as little as a library needs to think that it talks to the real one. */
export abstract class SmallDevice extends VirtualDevice {
  constructor({ vendorId, productId, interfaceClass, endpoints = [], strings }: SmallDeviceOptions) {
    const [bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol] = interfaceClass;
    const setting: UsbDescriptor = {
      name: 'INTERFACE_DESCRIPTOR',
      ...{ bInterfaceNumber: 0, bAlternateSetting: 0, bNumEndpoints: endpoints.length, iInterface: 0 },
      ...{ bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol },
    };
    super({
      speed: 'full',
      deviceDescriptor: deviceBytes({
        ...{ idVendor: vendorId, idProduct: productId, iManufacturer: 1, iProduct: 2, iSerialNumber: 3 },
      }),
      configurationDescriptors: [
        configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, [
          setting,
          ...endpoints.map(([bEndpointAddress, bmAttributes, wMaxPacketSize]): UsbDescriptor => ({
            ...{ name: 'ENDPOINT_DESCRIPTOR', bEndpointAddress, bmAttributes, wMaxPacketSize, bInterval: 1 },
          })),
        ]),
      ],
      strings,
    });
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined;
  protected override handleControl(): Uint8Array | undefined {
    return undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    // The bytes are the host's again as soon as the transfer has ended.
    const received = new Uint8Array(data);
    return { type: 'accepted', after: () => this.received(received) };
  }

  /** A whole OUT transfer came. */
  protected received(data: Uint8Array): void;
  protected received(): void {}
}
