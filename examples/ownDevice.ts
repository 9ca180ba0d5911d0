// A device of your own: a thermometer that is asked by a vendor request, told by a bulk transfer what to warn of, and that
// warns by an interrupt transfer. docs/own-device.md tells it step by step.
import { memoryPair, RedirectionClient, RedirectionServer, RemoteUsb, type SetupPacket } from 'urbdrc';
import { configurationBytes, deviceBytes, type OutAnswer, VirtualDevice } from 'urbdrc/devices/virtual';

const WARNING_IN = 0x81;
const LIMIT_OUT = 0x02;
const READ_TEMPERATURE = 1;

class Thermometer extends VirtualDevice {
  #limit = 0x7fff;
  #temperature = 200;

  constructor() {
    super({
      speed: 'full',
      // pid.codes keeps these ids for tests in private. String 1 is the first of `strings`.
      deviceDescriptor: deviceBytes({ idVendor: 0x1209, idProduct: 0x0010, iManufacturer: 1, iProduct: 2 }),
      configurationDescriptors: [
        configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, [
          {
            ...{ name: 'INTERFACE_DESCRIPTOR', bInterfaceNumber: 0, bAlternateSetting: 0, bNumEndpoints: 2 },
            ...{ bInterfaceClass: 0xff, bInterfaceSubClass: 0, bInterfaceProtocol: 0, iInterface: 0 },
          },
          {
            name: 'ENDPOINT_DESCRIPTOR',
            bEndpointAddress: WARNING_IN,
            bmAttributes: 3,
            wMaxPacketSize: 8,
            bInterval: 10,
          },
          {
            name: 'ENDPOINT_DESCRIPTOR',
            bEndpointAddress: LIMIT_OUT,
            bmAttributes: 2,
            wMaxPacketSize: 64,
            bInterval: 0,
          },
        ]),
      ],
      strings: ['Example', 'Thermometer'],
    });
  }

  /** It gets warmer or colder: tenths of a degree. */
  set temperature(tenths: number) {
    this.#temperature = tenths;
    if (tenths > this.#limit) this.endpoints.send(WARNING_IN, int16(tenths));
  }

  protected override handleControl({ bmRequestType, bRequest }: SetupPacket): Uint8Array | undefined {
    // From the device, vendor, to the device itself. Anything else stalls.
    return bmRequestType === 0xc0 && bRequest === READ_TEMPERATURE ? int16(this.#temperature) : undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    if (data.byteLength !== 2) return { type: 'stalled', accepted: 0 };
    this.#limit = new DataView(data.buffer, data.byteOffset, 2).getInt16(0, true);
    return { type: 'accepted' };
  }

  protected override reset(): void {
    this.#limit = 0x7fff;
  }
}

function int16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
}

const thermometer = new Thermometer();
const [clientEnd, serverEnd] = memoryPair();
const usb = new RemoteUsb();
new RedirectionServer(serverEnd).watch((device) => void usb.attach(device));
const client = new RedirectionClient(clientEnd);
usb.addEventListener('connect', ({ device }) => {
  void (async () => {
    await device.open();
    await device.claimInterface(0);
    const request = {
      requestType: 'vendor',
      recipient: 'device',
      request: READ_TEMPERATURE,
      value: 0,
      index: 0,
    } as const;
    const answer = await device.controlTransferIn(request, 2);
    console.log(`${device.productName}: ${(answer.data?.getInt16(0, true) ?? 0) / 10} °C`);
    await device.transferOut(2, int16(300));
    const warning = device.transferIn(1, 8);
    thermometer.temperature = 314;
    console.log(`warning: ${((await warning).data?.getInt16(0, true) ?? 0) / 10} °C`);
    await client.close();
  })();
});
await client.attach(thermometer);
