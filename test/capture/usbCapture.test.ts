import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { joinParts } from '../../codecs/core/parts.ts';
import { capturing } from '../../src/capture/capturingDevice.ts';
import { UsbCapture } from '../../src/capture/usbCapture.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { EchoDevice } from '../engine/echoDevice.ts';
import { readPcapng, type SeenPacket } from './pcapngReader.ts';
import { inFolder, PROGRAM, recordedRedirection, START, steppingClock } from './redirection.ts';

const EMPTY = new Uint8Array(0);

/** A capture in memory. */
class Recording {
  readonly #records: Uint8Array[] = [];
  readonly capture = new UsbCapture(
    { write: (record) => void this.#records.push(Uint8Array.from(joinParts(record))) },
    PROGRAM,
    steppingClock(),
  );

  /** The packets, without those that describe a device. */
  get packets(): SeenPacket[] {
    return readPcapng(Buffer.concat(this.#records)).packets.filter(({ comment }) => comment === undefined);
  }

  get introductions(): SeenPacket[] {
    return readPcapng(Buffer.concat(this.#records)).packets.filter(({ comment }) => comment !== undefined);
  }
}

/** An alternate setting 1 with isochronous 0x81 and 0x04 and interrupt 0x83, which answers `results` in turn. */
class ScriptedDevice extends EchoDevice {
  override readonly configurationDescriptors = [
    Buffer.from(
      '09023000010100803209040000000102000009040001030102000007058105c0000407050405c0000107058303080005',
      'hex',
    ),
  ];
  readonly results: UsbResult[] = [];

  override submit(_operation: UsbOperation, complete: (result: UsbResult) => void) {
    complete(this.results.shift() ?? { status: 'completed', data: EMPTY, transferred: 0 });
    return { cancel() {} };
  }
}

function submit(device: UsbDevice, operation: UsbOperation): UsbResult {
  const results: UsbResult[] = [];
  device.submit(operation, (result) => results.push(result));
  expect(results).to.have.length(1);
  return results[0]!;
}

describe('USB traffic as pcapng with usbmon packets', () => {
  it('both ends of a redirection record what Wireshark can show: descriptors, setup, bulk, interrupt', () =>
    inFolder(async (folder) => {
      const files = { client: join(folder, 'client.pcapng'), server: join(folder, 'server.PCAPNG') };
      await recordedRedirection(files.client, files.server);
      const captures = {
        client: readPcapng(readFileSync(files.client)),
        server: readPcapng(readFileSync(files.server)),
      };
      for (const { application, linkType, packets } of Object.values(captures)) {
        expect(application).to.equal(PROGRAM);
        expect(linkType).to.equal(220);
        expect([...new Set(packets.map(({ bus, device }) => `${bus}.${device}`))]).to.deep.equal(['1.1', '1.2']);
        expect(packets.slice(0, 4).map(({ setup, length }) => [setup, length])).to.deep.equal([
          ['8006000100001200', 18],
          [undefined, 18],
          ['8006000200002000', 32],
          [undefined, 32],
        ]);
        const bulk = packets.filter(({ type, data }) => type === 'bulk' && data !== '').map(({ data }) => data);
        expect(
          bulk.filter((data) => data.startsWith('55534243')),
          'commands',
        ).to.have.length.at.least(5);
        expect(bulk)
          .to.include('5a'.repeat(4 * 512))
          .and.to.include('c3'.repeat(512));
        const interrupt = packets.filter(({ type }) => type === 'interrupt');
        expect(interrupt.map(({ event, endpoint, data }) => [event, endpoint, data])).to.deep.equal([
          ['S', 0x81, ''],
          ['C', 0x81, '0000040000000000'],
        ]);
        const lamp = packets.find(({ setup }) => setup === '2109000200000100');
        expect(lamp).to.include({ data: '01', dataFlag: 'present', type: 'control', endpoint: 0 });
      }
      const asked = (packets: readonly SeenPacket[]) =>
        packets.filter(({ setup, comment }) => comment === undefined && setup?.startsWith('8006') !== true).length;
      // The server reads the descriptors of a device before it hands it on, so its file lacks these requests alone.
      expect(asked(captures.server.packets)).to.be.at.least(asked(captures.client.packets) / 2);
    }));

  it('pairs submission and callback by id, and stamps them with the clock', () => {
    const recording = new Recording();
    const device = capturing(new EchoDevice(), recording.capture);
    submit(device, { type: 'transferOut', endpointAddress: 2, data: Uint8Array.of(1, 2, 3) });
    const [submission, callback] = recording.packets;
    expect(submission).to.include({ event: 'S', data: '010203', length: 3, status: -115, dataFlag: 'present' });
    expect(callback).to.include({ event: 'C', data: '', length: 3, status: 0, dataFlag: '>' });
    expect(callback!.id).to.equal(submission!.id);
    for (const { time, stampSeconds, stampMicroseconds } of recording.packets) {
      expect(stampSeconds * 1_000_000n + BigInt(stampMicroseconds)).to.equal(time);
      expect(Number(time)).to.be.within(START, START + 100_000);
    }
  });

  it('writes each status as the errno that Linux has for it', () => {
    const recording = new Recording();
    const scripted = new ScriptedDevice();
    const device = capturing(scripted, recording.capture);
    const statuses = [
      'completed stalled cancelled timedOut disconnected overflowed notSupported invalidParameter notFound busy',
      'outOfMemory failed',
    ]
      .join(' ')
      .split(' ') as UsbResult['status'][];
    for (const status of statuses) {
      scripted.results.push({ status, data: EMPTY, transferred: 0 });
      expect(submit(device, { type: 'transferIn', endpointAddress: 0x81, length: 8 }).status).to.equal(status);
    }
    const seen = recording.packets.filter(({ event }) => event === 'C').map(({ status }) => status);
    expect(seen).to.deep.equal([0, -32, -104, -110, -108, -75, -95, -22, -2, -16, -12, -71]);
  });

  it('writes isochronous transfers with a descriptor for each packet', () => {
    const recording = new Recording();
    const scripted = new ScriptedDevice();
    const device = capturing(scripted, recording.capture);
    submit(device, { type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    scripted.results.push({
      status: 'completed',
      data: Uint8Array.of(1, 2, 3, 4, 5),
      transferred: 5,
      packets: [
        { status: 'completed', length: 2 },
        { status: 'overflowed', length: 0 },
        { status: 'completed', length: 3 },
      ],
      startFrame: 4000,
    });
    submit(device, {
      type: 'isochronousIn',
      endpointAddress: 0x81,
      packetLengths: [192, 192, 192],
      startFrame: undefined,
    });
    submit(device, {
      type: 'isochronousOut',
      endpointAddress: 4,
      data: Uint8Array.of(9, 8, 7),
      packetLengths: [1, 2],
      startFrame: 77,
    });
    const [inSubmission, inCallback, outSubmission] = recording.packets.slice(2);
    expect(inSubmission).to.deep.include({ type: 'isochronous', length: 576, dataFlag: '<', data: '', interval: 8 });
    expect(inSubmission!.isochronous.map(({ status }) => status)).to.deep.equal([-18, -18, -18]);
    expect(inCallback).to.include({ length: 5, data: '0102030405', startFrame: 4000, errorCount: 1 });
    expect(inCallback!.isochronous).to.deep.equal([
      { status: 0, data: '0102' },
      { status: -75, data: '' },
      { status: 0, data: '030405' },
    ]);
    expect(outSubmission).to.include({ startFrame: 77, length: 3, endpoint: 4, flags: 0, interval: 1 });
    expect(outSubmission!.isochronous.map(({ data }) => data)).to.deep.equal(['09', '0807']);
  });

  it('writes what is a request on the bus as that request, and what is none not at all', () => {
    const recording = new Recording();
    const device = capturing(new ScriptedDevice(), recording.capture);
    submit(device, { type: 'setConfiguration', configurationValue: 1 });
    submit(device, { type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    submit(device, { type: 'clearHalt', endpointAddress: 0x83 });
    for (const type of ['resetDevice', 'cyclePort'] as const) submit(device, { type });
    for (const type of ['resetEndpoint', 'abortEndpoint'] as const) submit(device, { type, endpointAddress: 0x83 });
    expect(recording.packets.flatMap(({ setup }) => setup ?? [])).to.deep.equal([
      '0009010000000000',
      '010b010000000000',
      '0201000083000000',
    ]);
    expect(recording.packets).to.have.length(6);
  });

  it('knows the endpoints of the setting that is chosen', () => {
    const recording = new Recording();
    const device = capturing(new ScriptedDevice(), recording.capture);
    submit(device, { type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    submit(device, { type: 'transferIn', endpointAddress: 0x83, length: 8 });
    submit(device, { type: 'transferIn', endpointAddress: 0x85, length: 8 });
    const [, , interrupt, , unknown] = recording.packets;
    expect(interrupt).to.include({ type: 'interrupt', interval: 16 });
    expect(unknown).to.include({ type: 'bulk', interval: 0 });
  });

  it('keeps devices apart: their own numbers where they are free, others where not', async () => {
    const recording = new Recording();
    const configure = (identity: ConstructorParameters<typeof EchoDevice>[0]) => {
      const device = capturing(new EchoDevice(identity), recording.capture);
      submit(device, { type: 'setConfiguration', configurationValue: 1 });
      return device;
    };
    configure({ busNumber: 2, deviceAddress: 9 });
    const second = configure({ busNumber: 2, deviceAddress: 9 });
    configure({ busNumber: 0, deviceAddress: 5 });
    configure({ busNumber: 3, deviceAddress: 300 });
    await second.close();
    configure({ busNumber: 1, deviceAddress: 1 });
    const numbers = recording.packets.filter(({ event }) => event === 'S').map(({ bus, device }) => `${bus}.${device}`);
    expect(numbers).to.deep.equal(['2.9', '1.1', '1.2', '1.3', '1.1']);
    expect(recording.introductions).to.have.length(20);
  });
});
