import { expect } from 'chai';
import { DeviceError } from '../../src/usb/deviceError.ts';
import type { Attachment, UsbDevice } from '../../src/ports/usb.ts';
import { LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { type FarEnd, SINKS, type Sink } from './matrixEnds.ts';

/** Tells how often it was opened, and whether it still is. */
class CountedDevice extends LoopbackDevice {
  openings = 0;
  isTaken = false;

  override async open(): Promise<void> {
    if (this.isTaken) throw new DeviceError('DEVICE_IN_USE', 'another program has it');
    await super.open();
    this.openings += 1;
  }

  get use() {
    const { openings, isOpen } = this;
    return { openings, isOpen };
  }
}

const GIVEN_BACK = { openings: 1, isOpen: false };
/** These open a device when somebody at the other side does. */
const OPENING_ON_USE = new Set(['RemoteUsb (WebUSB)', 'a USB/IP server']);

/** What every `UsbDeviceSink` keeps, whatever is behind it. */
for (const [name, openSink] of Object.entries(SINKS)) {
  describe(`${name}, as a sink`, () => {
    let sink: Sink;
    let closeSink: () => Promise<void>;
    beforeEach(async () => {
      ({ value: sink, close: closeSink } = await openSink());
    });
    afterEach(() => closeSink());

    /** A device at the sink, and in use at the other side. */
    async function attached(device: UsbDevice): Promise<{ attachment: Attachment; far: FarEnd }> {
      const attachment = await sink.sink.attach(device);
      const far = await sink.arrival();
      await far.open();
      return { attachment, far };
    }

    it('closes a device that it gives back, and tells so only then', async () => {
      const device = new CountedDevice();
      const { attachment, far } = await attached(device);
      expect(attachment.device).to.equal(device);
      const pending = far.read(0x81, 8);
      await far.vendorRead(1, 1);
      await attachment.release();
      expect(device.use).to.deep.equal(GIVEN_BACK);
      expect(await attachment.ended).to.deep.equal({ reason: 'released' });
      await far.gone;
      expect((await pending).status).to.equal('disconnected');
      await attachment.release();
      expect(device.use).to.deep.equal(GIVEN_BACK);
    });

    it('gives a device back that is unplugged', async () => {
      const device = new CountedDevice();
      const { attachment, far } = await attached(device);
      device.unplug();
      expect(await attachment.ended).to.deep.equal({ reason: 'unplugged' });
      expect(device.use).to.deep.equal(GIVEN_BACK);
      await far.gone;
    });

    it('gives everything back when it is closed, and takes nothing more', async () => {
      const device = new CountedDevice();
      const { attachment } = await attached(device);
      await sink.sink.close();
      expect((await attachment.ended).reason).to.be.oneOf(['released', 'closed']);
      expect(device.use).to.deep.equal(GIVEN_BACK);
      const late = new CountedDevice();
      const refusal: unknown = await sink.sink.attach(late).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(Error);
      expect(late.isOpen).to.equal(false);
    });

    it('tells that a device does not open, leaves it closed, and may have it later', async () => {
      const device = new CountedDevice();
      device.isTaken = true;
      const opening = OPENING_ON_USE.has(name) ? attached(device) : sink.sink.attach(device);
      const failure: unknown = await opening.catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error);
      expect(device.use).to.deep.equal({ openings: 0, isOpen: false });
      if (OPENING_ON_USE.has(name)) return;
      expect(failure).to.have.property('message', 'another program has it');
      device.isTaken = false;
      const { attachment } = await attached(device);
      await attachment.release();
      expect(device.use).to.deep.equal(GIVEN_BACK);
    });
  });
}
