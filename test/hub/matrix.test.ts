import { expect } from 'chai';
import type { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import { Hub } from '../../src/hub/hub.ts';
import { systemClock } from '../../src/systemClock.ts';
import { Iso, IsochronousDevice } from '../devices/virtual/isochronousDevice.ts';
import { Endpoint, LoopbackDevice } from '../devices/virtual/loopbackDevice.ts';
import { type FarEnd, SINKS, SOURCES } from './matrixEnds.ts';

const PACKET = 512;
const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7 + 3) & 0xff);

for (const [sourceName, openSource] of Object.entries(SOURCES)) {
  for (const [sinkName, openSink] of Object.entries(SINKS)) {
    describe(`a device of ${sourceName}, at ${sinkName}`, () => {
      const ends: (() => Promise<void>)[] = [];
      afterEach(async () => {
        for (const close of ends.splice(0).reverse()) await close();
      });

      /** The device from its source by a hub to the sink, and open at the other side. */
      async function joined(local: VirtualDevice): Promise<FarEnd> {
        const source = await openSource(local);
        ends.push(source.close);
        const sink = await openSink();
        ends.push(sink.close);
        const hub = new Hub({ clock: systemClock });
        const attached = new Promise<void>((resolve) => {
          void hub.addSink({
            name: sinkName,
            attach: async (device) => {
              const attachment = await sink.value.sink.attach(device);
              resolve();
              return attachment;
            },
            close: () => Promise.resolve(),
          });
        });
        ends.push(() => hub.removeSource(source.value));
        await hub.addSource(source.value);
        await attached;
        const far = await sink.value.arrival();
        ends.push(() => far.close());
        await far.open();
        return far;
      }

      it('answers control requests, and stalls those that it does not know', async () => {
        const far = await joined(new LoopbackDevice());
        expect(await far.vendorRead(1, 4)).to.deep.equal({ status: 'completed', data: [1, 2, 3, 4] });
        expect(await far.vendorRead(1, 2)).to.deep.equal({ status: 'completed', data: [1, 2] });
        expect((await far.vendorRead(9, 4)).status).to.equal('stalled');
        expect((await far.vendorRead(1, 4)).status).to.equal('completed');
      });

      it('moves bulk data both ways, with short packets and packets of no bytes', async () => {
        const far = await joined(new LoopbackDevice());
        for (const length of [1, PACKET - 1, PACKET, PACKET + 1, 0, 20 * PACKET, 100_000]) {
          const data = bytes(length);
          const reading = far.read(Endpoint.echoIn, length + PACKET - (length % PACKET));
          expect(await far.write(Endpoint.echoOut, data), `${length} bytes out`).to.equal('completed');
          // What is full is ended by a packet of no bytes, which a device sends that means it.
          if (length > 0 && length % PACKET === 0) await far.write(Endpoint.echoOut, bytes(0));
          expect(await reading, `${length} bytes in`).to.deep.equal({ status: 'completed', data: [...data] });
        }
      });

      it('tells a stall, and goes on after clearHalt', async () => {
        const far = await joined(new LoopbackDevice());
        await far.halt(Endpoint.echoIn);
        expect((await far.read(Endpoint.echoIn, PACKET)).status).to.equal('stalled');
        expect(await far.clearHalt(Endpoint.echoIn)).to.equal('completed');
        const reading = far.read(Endpoint.echoIn, PACKET);
        expect(await far.write(Endpoint.echoOut, bytes(5))).to.equal('completed');
        expect((await reading).data).to.deep.equal([...bytes(5)]);
      });

      it('gives up what is cancelled, and nothing of what follows is lost', async () => {
        const far = await joined(new LoopbackDevice());
        const reading = far.read(Endpoint.interruptIn, 64);
        await far.vendorRead(1, 1);
        await far.cancel();
        expect((await reading).status).to.equal('cancelled');
        const next = far.read(Endpoint.echoIn, PACKET);
        expect(await far.write(Endpoint.echoOut, bytes(9))).to.equal('completed');
        expect((await next).data).to.deep.equal([...bytes(9)]);
      });

      it('is gone when it is unplugged, and what was pending ends', async () => {
        const local = new LoopbackDevice();
        const far = await joined(local);
        const reading = far.read(Endpoint.interruptIn, 64);
        await far.vendorRead(1, 1);
        local.unplug();
        await far.gone;
        expect((await reading).status).to.equal('disconnected');
      });

      it('moves isochronous packets both ways, each with its length', async () => {
        const local = new IsochronousDevice(systemClock);
        local.packet = () => Uint8Array.of(7, 8, 9);
        const far = await joined(local);
        const received = await far.isochronousRead(Iso.in, [64, 64, 64]);
        expect(received).to.deep.equal([0, 1, 2].map(() => ({ status: 'completed', data: [7, 8, 9] })));
        // A usb-host begins to play when it has as much as it wants in advance, more than is sent here.
        if (`${sourceName} ${sinkName}`.includes('usbredir')) return;
        const sent = [bytes(64), bytes(0), bytes(10)];
        expect(await far.isochronousWrite(Iso.out, sent)).to.deep.equal(['completed', 'completed', 'completed']);
        expect(local.received.map(({ data }) => data)).to.deep.equal(sent.map((each) => [...each]));
      });
    });
  }
}
