import { expect } from 'chai';
import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { toHex } from '../../codecs/core/json.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { RequestType, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbBusQuery, UsbDevice, UsbStatus } from '../../src/ports/usb.ts';
import { Recorder, type Watched } from './recorder.ts';

/** What the devices of one suite have in common. */
export interface ContractTraits {
  /**
   * IN endpoints (bulk or interrupt) of the first configuration on which a transfer stays pending. Without one, what takes
   * a pending transfer is not tested.
   */
  readonly idleEndpoints: readonly number[];
  /** False: the device refuses SET_FEATURE(ENDPOINT_HALT), which [USB 2.0] 9.4.9 demands. Default: true. */
  readonly halts?: boolean;
  /** What is sent to `out` comes back from `in`. */
  readonly echo?: { readonly out: number; readonly in: number };
  /** False: a device cannot be opened again after close. Default: true. */
  readonly reopens?: boolean;
  /** True: {@link ContractDevice.unplug} is there. */
  readonly unplugs?: boolean;
}

/** A device to test: not open, used for one test. */
export interface ContractDevice {
  readonly device: UsbDevice;
  /** Pulls the device out. */
  readonly unplug?: () => void | Promise<void>;
  /** Called after the test, with the device closed. */
  readonly dispose?: () => Promise<void>;
}

const IN = RequestType.directionIn;
/** No device has these. */
const UNKNOWN = { endpointIn: 0x8e, endpointOut: 0x0e, interfaceNumber: 77, configurationValue: 99 };
const VENDOR_REQUEST = 0xee;
const BUS_QUERIES = [
  'frameNumber',
  'busTime',
  'portStatus',
  'hubCount',
  'hubName',
  'controllerName',
  'busInformation',
] as const satisfies readonly UsbBusQuery[];

/**
 * What every UsbDevice must do, wherever it is. Nothing in here waits for time to pass: that something is still pending is
 * looked at after a control request went there and back.
 */
export function testUsbDeviceContract(
  name: string,
  traits: ContractTraits,
  makeDevice: () => ContractDevice | Promise<ContractDevice>,
): void {
  const { idleEndpoints, echo, halts = true, reopens = true, unplugs = false } = traits;
  const [idleEndpoint] = idleEndpoints;

  describe(`${name} keeps the UsbDevice contract`, () => {
    let given: ContractDevice;
    let usb: Recorder;

    beforeEach(async () => {
      given = await makeDevice();
      usb = new Recorder(given.device);
      await usb.open();
    });
    afterEach(async () => {
      await usb.close();
      await given.dispose?.();
      expect(usb.complaints).to.deep.equal([]);
      expect(usb.pending, 'operations without a result').to.equal(0);
    });

    const first = () => given.device.configurations[0]!;
    const status = async (watched: Watched | Promise<{ status: UsbStatus }>) =>
      (await ('result' in watched ? watched.result : watched)).status;
    const configure = async () => {
      const { configurationValue } = first();
      expect(await status(usb.run({ type: 'setConfiguration', configurationValue }))).to.equal('completed');
    };
    /** There and back, so that what is about to happen has happened. */
    const settle = async () => {
      expect(await status(usb.read(IN, StandardRequest.GET_STATUS, 0, 0, 2))).to.equal('completed');
    };
    const expectPending = async (...watched: Watched[]) => {
      await settle();
      for (const each of watched) expect(each.seen()?.status ?? 'pending').to.equal('pending');
    };

    describe('descriptors', () => {
      it('identity says what the device descriptor says', () => {
        const { device } = given;
        const view = new DataView(Uint8Array.from(device.deviceDescriptor).buffer);
        expect(device.deviceDescriptor.byteLength).to.equal(18);
        expect(device.identity.vendorId).to.equal(view.getUint16(8, true));
        expect(device.identity.productId).to.equal(view.getUint16(10, true));
        expect(device.identity.deviceVersion).to.equal(view.getUint16(12, true));
        expect(device.identity.usbVersion).to.equal(view.getUint16(2, true));
        expect(device.configurationDescriptors).to.have.length(view.getUint8(17));
      });

      it('its configurations are what the descriptors say, read once', () => {
        const { configurations, configurationDescriptors } = given.device;
        expect(configurations).to.deep.equal(readConfigurations(configurationDescriptors));
        expect(given.device.configurations[0]).to.equal(configurations[0]);
      });

      it('GET_DESCRIPTOR gives the same device descriptor', async () => {
        const result = await usb.read(IN, StandardRequest.GET_DESCRIPTOR, DescriptorType.DEVICE << 8, 0, 18);
        expect(result.status).to.equal('completed');
        expect(toHex(result.data)).to.equal(toHex(given.device.deviceDescriptor));
        expect(result.transferred).to.equal(18);
      });

      it('GET_DESCRIPTOR gives the same configuration descriptors, and no more than was asked for', async () => {
        for (const [index, expected] of given.device.configurationDescriptors.entries()) {
          const wValue = (DescriptorType.CONFIGURATION << 8) | index;
          const whole = await usb.read(IN, StandardRequest.GET_DESCRIPTOR, wValue, 0, 4096);
          expect(toHex(whole.data)).to.equal(toHex(expected));
          const head = await usb.read(IN, StandardRequest.GET_DESCRIPTOR, wValue, 0, 9);
          expect(toHex(head.data)).to.equal(toHex(expected.subarray(0, 9)));
          expect(expected[2]! + 256 * expected[3]!, 'wTotalLength').to.equal(expected.byteLength);
        }
      });
    });

    describe('configuring', () => {
      it('setConfiguration chooses, and GET_CONFIGURATION tells it', async () => {
        await configure();
        const result = await usb.read(IN, StandardRequest.GET_CONFIGURATION, 0, 0, 1);
        expect([...result.data]).to.deep.equal([first().configurationValue]);
      });

      it('a configuration that does not exist is refused, and the device goes on', async () => {
        await configure();
        const { configurationValue } = UNKNOWN;
        expect(await status(usb.run({ type: 'setConfiguration', configurationValue }))).not.to.equal('completed');
        await settle();
      });

      it('setInterface chooses every alternate setting, and refuses others', async () => {
        await configure();
        for (const { interfaceNumber, alternateSetting } of first().interfaces) {
          const operation = { type: 'setInterface', interfaceNumber, alternateSetting } as const;
          expect(await status(usb.run(operation))).to.equal('completed');
        }
        const { interfaceNumber } = UNKNOWN;
        const refused = usb.run({ type: 'setInterface', interfaceNumber, alternateSetting: 0 });
        expect(await status(refused)).not.to.equal('completed');
      });

      it('resetDevice completes, and the device goes on', async () => {
        await configure();
        expect(await status(usb.run({ type: 'resetDevice' }))).to.equal('completed');
        await settle();
      });
    });

    describe('the bus', () => {
      for (const query of BUS_QUERIES) {
        it(`the query for ${query} gets its answer, or is not supported`, async () => {
          const { status: outcome, busAnswer } = await usb.run({ type: 'queryBus', query });
          expect(outcome).to.equal(busAnswer === undefined ? 'notSupported' : 'completed');
          expect(busAnswer?.query ?? query).to.equal(query);
        });
      }
    });

    describe('endpoints', () => {
      it('an unknown endpoint is notFound', async () => {
        await configure();
        expect(await status(usb.in(UNKNOWN.endpointIn, 64))).to.equal('notFound');
        expect(await status(usb.out(UNKNOWN.endpointOut, new Uint8Array(4)))).to.equal('notFound');
      });

      it('an unsupported control request is stalled, and the device goes on', async () => {
        const type = IN | RequestType.vendor | RequestType.device;
        expect(await status(usb.read(type, VENDOR_REQUEST, 0, 0, 4))).to.equal('stalled');
        await settle();
        expect(await status(usb.write(RequestType.vendor, VENDOR_REQUEST, 0, 0, new Uint8Array(3)))).to.equal(
          'stalled',
        );
        await settle();
      });

      if (idleEndpoint !== undefined && halts) {
        it('SET_FEATURE(ENDPOINT_HALT) stalls transfers until clearHalt', async () => {
          await configure();
          const endpointAddress = idleEndpoint;
          const pending = usb.in(endpointAddress, 64);
          await usb.write(RequestType.endpoint, StandardRequest.SET_FEATURE, 0, endpointAddress);
          expect(await status(pending)).to.equal('stalled');
          expect(await status(usb.in(endpointAddress, 64))).to.equal('stalled');
          expect(await status(usb.run({ type: 'clearHalt', endpointAddress }))).to.equal('completed');
          const halt = await usb.read(IN | RequestType.endpoint, StandardRequest.GET_STATUS, 0, endpointAddress, 2);
          expect([...halt.data]).to.deep.equal([0, 0]);
          const next = usb.in(endpointAddress, 64);
          await expectPending(next);
          next.transfer.cancel();
          expect(await status(next)).to.equal('cancelled');
        });
      }

      if (echo === undefined) return;
      it('what goes out comes back', async () => {
        await configure();
        const { maxPacketSize } = first()
          .interfaces.flatMap((each) => each.endpoints)
          .find((each) => each.endpointAddress === echo.in)!;
        for (const size of [1, maxPacketSize - 1, maxPacketSize, maxPacketSize + 1, 10 * maxPacketSize]) {
          const sent = Uint8Array.from({ length: size }, (_, index) => index & 0xff);
          const receiving = usb.in(echo.in, size);
          const written = await usb.out(echo.out, sent).result;
          expect(written).to.deep.include({ status: 'completed', transferred: size });
          expect(written.data.byteLength).to.equal(0);
          const received = await receiving.result;
          expect(received).to.deep.include({ status: 'completed', transferred: size });
          expect(toHex(received.data)).to.equal(toHex(sent));
        }
      });
    });

    describe('ending early', () => {
      it('cancel after the end does nothing', async () => {
        const type = IN | RequestType.device;
        const setup = { bmRequestType: type, bRequest: StandardRequest.GET_STATUS, wValue: 0, wIndex: 0, wLength: 2 };
        const watched = usb.submit({ type: 'control', setup, data: new Uint8Array(0), timeout: 0 });
        expect(await status(watched)).to.equal('completed');
        watched.transfer.cancel();
        await settle();
        expect(watched.completions()).to.equal(1);
      });

      it('does not open twice', async () => {
        const error = await given.device.open().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).to.be.instanceOf(Error);
        await settle();
      });

      if (reopens) {
        it('opens again after close', async () => {
          await usb.close();
          await usb.open();
          await configure();
        });
      }

      if (idleEndpoint === undefined) return;
      it('cancel ends one transfer, once, and no other', async () => {
        await configure();
        const [one, other] = [usb.in(idleEndpoint, 64), usb.in(idleEndpoint, 64)];
        await expectPending(one, other);
        one.transfer.cancel();
        one.transfer.cancel();
        expect(await status(one)).to.equal('cancelled');
        await expectPending(other);
        other.transfer.cancel();
        expect(await status(other)).to.equal('cancelled');
        one.transfer.cancel();
        await settle();
        expect([one.completions(), other.completions()]).to.deep.equal([1, 1]);
      });

      it('abortEndpoint cancels all transfers of one endpoint and of no other, then completes', async () => {
        await configure();
        const [, ...others] = idleEndpoints;
        const endpointAddress = idleEndpoint;
        const mine = [1, 2, 3].map(() => usb.in(endpointAddress, 64));
        const theirs = others.map((each) => usb.in(each, 64));
        await expectPending(...mine, ...theirs);
        const abort = await usb.run({ type: 'abortEndpoint', endpointAddress });
        expect(abort.status).to.equal('completed');
        expect(mine.map((each) => each.seen()?.status)).to.deep.equal(['cancelled', 'cancelled', 'cancelled']);
        await expectPending(...theirs);
      });

      it('close cancels what is pending and waits for it; later operations are disconnected', async () => {
        await configure();
        const watched = idleEndpoints.flatMap((each) => [usb.in(each, 64), usb.in(each, 512)]);
        await expectPending(...watched);
        await usb.close();
        expect(watched.map((each) => each.seen()?.status)).to.deep.equal(watched.map(() => 'cancelled'));
        for (const each of watched) each.transfer.cancel();
        await usb.close();
        expect(await status(usb.in(idleEndpoint, 64))).to.equal('disconnected');
      });

      if (!unplugs) return;
      it('unplugging ends everything with disconnected', async () => {
        await configure();
        const watched = idleEndpoints.map((each) => usb.in(each, 64));
        await expectPending(...watched);
        expect(given.device.gone.aborted).to.equal(false);
        const gone = new Promise((resolve) => given.device.gone.addEventListener('abort', resolve, { once: true }));
        await given.unplug?.();
        for (const each of watched) expect(await status(each)).to.equal('disconnected');
        await gone;
        expect(await status(usb.read(IN, StandardRequest.GET_STATUS, 0, 0, 2))).to.equal('disconnected');
        expect(await status(usb.in(idleEndpoint, 64))).to.equal('disconnected');
      });
    });
  });
}
