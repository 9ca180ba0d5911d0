import { expect } from 'chai';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import type { UrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { encodeUrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import { Hresult, UsbdStatus } from '../../codecs/urbdrc/status.ts';
import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { Transport, TransportHandler } from '../../src/ports/transport.ts';
import { memoryPair } from '../../transports/memory.ts';
import { EchoDevice } from './echoDevice.ts';
import { FakeClient, FakeServer } from './fakePeer.ts';
import { RecordingHost, turns } from './stack.ts';

const HIGH_WATER_MARK = 64 * 1024;

/** A transport to a peer that reads nothing: what is sent stays. The test sends what it likes. */
class StuffedTransport implements Transport {
  readonly remote = 'nowhere';
  bytesQueued = 0;
  paused = false;
  #handler: TransportHandler | undefined;

  start(handler: TransportHandler): void {
    this.#handler = handler;
  }

  send(frames: readonly Parts[]): boolean {
    for (const frame of frames) this.bytesQueued += joinParts(frame).byteLength;
    return this.bytesQueued <= HIGH_WATER_MARK;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): Promise<void> {
    this.#handler?.closed(undefined);
    return Promise.resolve();
  }

  /** False once the engine does not want to read. */
  async deliver(...pdus: readonly DvcPdu[]): Promise<boolean> {
    const channel = new StaticChannel();
    for (const pdu of pdus) {
      for (const frame of channel.send(encodeDvcPdu(pdu))) this.#handler?.received(Uint8Array.from(joinParts(frame)));
    }
    await Promise.resolve();
    return !this.paused;
  }
}

const message = (channelId: number, value: UrbdrcMessage): DvcPdu => ({
  name: 'DYNVC_DATA',
  channelId,
  data: joinParts(encodeUrbdrcMessage(value)),
});

function fakeServer() {
  const [near, far] = memoryPair();
  const ignored: string[] = [];
  const client = new RedirectionClient(near, { onIgnored: (error) => ignored.push(error.message) });
  return { client, server: new FakeServer(far), ignored };
}

function fakeClient() {
  const [near, far] = memoryPair();
  const host = new RecordingHost();
  const failed: string[] = [];
  const ignored: string[] = [];
  const server = new RedirectionServer(far, {
    onDeviceFailed: (error) => failed.push(error.message),
    onIgnored: (error) => ignored.push(error.message),
  });
  host.watch(server);
  return { server, client: new FakeClient(near), host, failed, ignored };
}

describe('a server that', () => {
  it('sends requests without end and reads no answer is not read any more, and little is kept', async () => {
    const transport = new StuffedTransport();
    const client = new RedirectionClient(transport);
    await client.attach(new EchoDevice());
    await transport.deliver(
      { name: 'DYNVC_CAPS_VERSION1' },
      { name: 'DYNVC_CREATE_REQ', channelId: 1, priority: 0, channelName: 'URBDRC' },
    );
    let delivered = 0;
    const request = {
      name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
      interfaceId: InterfaceId.CAPABILITIES,
      messageId: 1,
      capabilityValue: 1,
    } as const;
    while (await transport.deliver(message(1, request))) {
      delivered += 1;
      expect(delivered).to.be.lessThan(100_000);
    }
    expect(transport.bytesQueued).to.be.lessThan(2 * HIGH_WATER_MARK);
    await client.close();
  });

  it('fills a device with requests gets refusals, one for each, and the device is asked for no more than the limit', async () => {
    const { client, server } = fakeServer();
    const device = new EchoDevice();
    await client.attach(device);
    const { channelId, usbDevice } = await server.takeDevice();
    const { pipeHandle } = await configure(server, channelId, usbDevice);
    const count = 10_000;
    for (let requestId = 2; requestId < 2 + count; requestId += 1) {
      server.send(channelId, bulkIn(usbDevice, requestId, pipeHandle, 512));
    }
    await server.received('URB_COMPLETION_NO_DATA', count - 4096 + 1);
    expect(device.pendingReads).to.equal(4096);
    for (let requestId = 2; requestId < 2 + count; requestId += 1) {
      server.send(channelId, { name: 'CANCEL_REQUEST', interfaceId: usbDevice, messageId: 9, requestId });
    }
    await server.received('URB_COMPLETION_NO_DATA', count + 1);
    expect(device.pendingReads).to.equal(0);
    await client.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('asks for huge sizes gets refusals', async () => {
    const { client, server } = fakeServer();
    const device = new EchoDevice();
    await client.attach(device);
    const { channelId, usbDevice } = await server.takeDevice();
    const { pipeHandle } = await configure(server, channelId, usbDevice);
    for (const [index, size] of [0xffff_ffff, 0x7fff_ffff, 16 * 1024 * 1024 + 1].entries()) {
      server.send(channelId, bulkIn(usbDevice, 100 + index, pipeHandle, size));
      server.send(channelId, {
        name: 'IO_CONTROL',
        interfaceId: usbDevice,
        messageId: 3,
        requestId: 200 + index,
        ioControlCode: 0x220427,
        inputBuffer: new Uint8Array(0),
        outputBufferSize: size,
      });
    }
    await server.received('IOCONTROL_COMPLETION', 3);
    expect(device.pendingReads).to.equal(0);
    // 64 MiB may be asked for at a time.
    for (let requestId = 300; requestId < 310; requestId += 1) {
      server.send(channelId, bulkIn(usbDevice, requestId, pipeHandle, 16 * 1024 * 1024));
    }
    await server.until(() => server.messages.length > 0 && device.pendingReads > 0);
    await turns();
    expect(device.pendingReads).to.equal(4);
    await client.close();
  });

  it('stops, registers again and uses its RequestIds again gets the answers of the new requests alone', async () => {
    const { client, server } = fakeServer();
    const device = new EchoDevice();
    await client.attach(device);
    const { channelId, usbDevice } = await server.takeDevice();
    const { pipeHandle } = await configure(server, channelId, usbDevice);
    const answers = () => server.messages.filter(({ message: { name } }) => name.startsWith('URB_COMPLETION'));
    const before = answers().length;
    for (let round = 0; round < 5; round += 1) {
      for (const requestId of [7, 8]) server.send(channelId, bulkIn(usbDevice, requestId, pipeHandle, 512));
      server.send(channelId, { name: 'REGISTER_REQUEST_CALLBACK', interfaceId: usbDevice, messageId: 3 });
      server.send(channelId, {
        name: 'REGISTER_REQUEST_CALLBACK',
        interfaceId: usbDevice,
        messageId: 4,
        requestCompletion: 0x20 + round,
      });
    }
    server.send(channelId, bulkIn(usbDevice, 7, pipeHandle, 512));
    await turns();
    expect(device.pendingReads).to.equal(1);
    expect(answers()).to.have.length(before);
    server.send(channelId, { name: 'CANCEL_REQUEST', interfaceId: usbDevice, messageId: 9, requestId: 7 });
    await server.until(() => answers().length > before);
    expect(answers().at(-1)?.message).to.include({ interfaceId: 0x24, requestId: 7 });
    await client.close();
  });

  it('opens and closes channels without end gets each device once and leaves nothing', async () => {
    const { client, server } = fakeServer();
    const devices = Array.from({ length: 20 }, () => new EchoDevice());
    await server.open();
    for (const device of devices) {
      const redirection = await client.attach(device);
      const channelId = await server.create();
      server.stack.closeChannel(channelId);
      expect((await redirection.ended).reason).to.equal('returned');
    }
    for (let round = 0; round < 500; round += 1) {
      const channelId = await server.create();
      await server.until(() => server.closed.includes(channelId));
      server.closed.length = 0;
      server.opened.length = 1;
    }
    expect(devices.every(({ calls }) => calls.join() === 'open,close')).to.equal(true);
    const last = new EchoDevice();
    await client.attach(last);
    await server.open();
    await server.received('ADD_DEVICE');
    await client.close();
    expect(last.calls).to.deep.equal(['open', 'close']);
  });
});

describe('a device that', () => {
  it('has more endpoints than an answer can hold cannot be configured with all of them, and the client lives', async () => {
    const { client, server } = fakeServer();
    const device = new EchoDevice();
    const interfaces = Array.from({ length: 20 }, (_, interfaceNumber) => [
      ...[9, 4, interfaceNumber, 0, 255, 0xff, 0, 0, 0],
      ...Array.from({ length: 255 }, (_endpoint, address) => [7, 5, address, 2, 0, 2, 0]).flat(),
    ]).flat();
    const size = 9 + interfaces.length;
    const configuration = Uint8Array.of(9, 2, size & 0xff, size >> 8, 20, 1, 0, 0x80, 50, ...interfaces);
    Object.assign(device, { configurationDescriptors: [configuration] });
    await client.attach(device);
    const { channelId, usbDevice } = await server.takeDevice();
    const numbers = Array.from({ length: 20 }, (_, interfaceNumber) => interfaceNumber);
    server.send(channelId, selectConfiguration(usbDevice, configuration.subarray(0, 9), numbers));
    const { tsUrbResult, hResult } = await server.received('URB_COMPLETION_NO_DATA');
    expect(tsUrbResult.usbdStatus).to.equal(UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES);
    expect(hResult).to.equal(Hresult.ERROR_OUTOFMEMORY);
    await client.close();
  });
});

describe('a client that', () => {
  it('announces devices without end gets as many channels as there may be, and no more memory', async () => {
    const { client, server, ignored, failed } = fakeClient();
    const control = await client.open(1);
    for (let count = 0; count < 10_000; count += 1) client.requestChannel(control);
    await client.until(() => client.opened.length >= 64);
    await turns();
    expect(client.opened).to.have.length(64);
    expect(ignored.length).to.be.greaterThan(9000);
    expect(failed.length).to.be.lessThan(65);
    await server.close();
  });

  it('asks for channels without end and reads nothing makes nothing pile up', async () => {
    const transport = new StuffedTransport();
    const server = new RedirectionServer(transport);
    await transport.deliver(
      { name: 'DYNVC_CAPS_RSP', version: 1 },
      { name: 'DYNVC_CREATE_RSP', channelId: 1, creationStatus: 0 },
      message(1, {
        name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
        interfaceId: 0,
        messageId: 1,
        capabilityValue: 1,
        result: 0,
      }),
      message(1, {
        name: 'CHANNEL_CREATED',
        interfaceId: 3,
        messageId: 2,
        majorVersion: 1,
        minorVersion: 0,
        capabilities: 0,
      }),
    );
    for (let round = 0; round < 20_000; round += 1) {
      await transport.deliver(
        message(1, { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 1, messageId: 0 }),
        { name: 'DYNVC_CREATE_RSP', channelId: 2 + (round % 254), creationStatus: round % 2 === 0 ? 0 : -1 },
        { name: 'DYNVC_CLOSE', channelId: 2 + (round % 254) },
      );
    }
    expect(transport.bytesQueued).to.be.lessThan(2 * HIGH_WATER_MARK);
    await server.close();
  });

  it('answers everything twice loses its device, and nothing else happens', async () => {
    const { client, server, host } = fakeClient();
    const channelId = await client.offerDevice();
    const { tsUrb } = await client.received('TRANSFER_IN_REQUEST');
    const { requestCompletion = 0 } = await client.received('REGISTER_REQUEST_CALLBACK');
    for (let count = 0; count < 2; count += 1) {
      client.send(channelId, {
        name: 'URB_COMPLETION',
        interfaceId: requestCompletion,
        messageId: 0,
        requestId: tsUrb.requestId,
        tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 },
        hResult: 0,
        outputBuffer: new Uint8Array(18),
      });
    }
    await client.until(() => client.closed.includes(channelId));
    expect(host.devices).to.have.length(0);
    // The connection lives on.
    client.requestChannel(client.opened[0]!);
    await client.until(() => client.opened.length === 3);
    await server.close();
  });

  it('tells a device by texts of megabytes is not believed', async () => {
    const { client, server, host, ignored } = fakeClient();
    client.requestChannel(await client.open(1));
    const channelId = await client.open(2);
    client.announce(channelId, 5, 'a\0'.repeat(1_000_000));
    await client.until(() => client.closed.includes(channelId) || ignored.length > 0);
    expect(ignored[0]).to.match(/^ADD_DEVICE\./);
    expect(host.devices).to.have.length(0);
    await server.close();
  });
});

/** SELECT_CONFIGURATION of an {@link EchoDevice}; the handle of its bulk IN pipe. */
async function configure(server: FakeServer, channelId: number, usbDevice: number): Promise<{ pipeHandle: number }> {
  const [configurationDescriptor] = new EchoDevice().configurationDescriptors;
  server.send(channelId, selectConfiguration(usbDevice, configurationDescriptor!, [0]));
  const { tsUrbResult } = await server.received('URB_COMPLETION_NO_DATA');
  if (tsUrbResult.name !== 'TS_URB_RESULT_HEADER') throw new Error('the request is not known to the decoder');
  // The first pipe's handle: behind two heads of 8 and 16 bytes, at 8 bytes.
  const bytes = tsUrbResult.unparsed!;
  return { pipeHandle: new DataView(bytes.buffer, bytes.byteOffset).getUint32(8 + 16 + 8, true) };
}

/** All of `interfaces` in alternate setting 0, whose pipes are the client's to tell. */
function selectConfiguration(
  interfaceId: number,
  configurationDescriptor: Uint8Array,
  interfaces: readonly number[],
): UrbdrcMessage {
  return {
    name: 'TRANSFER_IN_REQUEST',
    interfaceId,
    messageId: 1,
    tsUrb: {
      name: 'TS_URB_SELECT_CONFIGURATION',
      urbFunction: UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION,
      requestId: 1,
      noAck: false,
      interfaces: interfaces.map((interfaceNumber) => ({ interfaceNumber, alternateSetting: 0, pipes: [] })),
      configurationDescriptor,
    },
    outputBufferSize: 0,
  };
}

function bulkIn(interfaceId: number, requestId: number, pipeHandle: number, outputBufferSize: number): UrbdrcMessage {
  return {
    name: 'TRANSFER_IN_REQUEST',
    interfaceId,
    messageId: 2,
    tsUrb: {
      name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
      urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
      requestId,
      noAck: false,
      pipeHandle,
      transferFlags: 3,
    },
    outputBufferSize,
  };
}
