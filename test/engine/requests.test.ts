import { expect } from 'chai';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { decodeServerMessage, encodeUrbdrcMessage, type UrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { UsbdStatus } from '../../codecs/urbdrc/status.ts';
import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { ANSWERS, REQUEST_COMPLETION } from '../../fuzz/sessions.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { connectionSettings } from '../../src/engine/options.ts';
import { ServedClient } from '../../src/engine/servedClient.ts';
import { ServerDevice } from '../../src/engine/serverDevice.ts';
import type { UsbOperation } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { CONFIGURATION_1, FakeUsbDevice, result } from '../hosts/fakeUsbDevice.ts';
import { FakeServer } from './fakePeer.ts';
import { turns } from './stack.ts';

const HEAD = { interfaceId: REQUEST_COMPLETION, messageId: 0, hResult: 0 } as const;
const OK = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
const GET_STATUS: UsbOperation = {
  type: 'control',
  setup: { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 },
  data: new Uint8Array(0),
  timeout: 0,
};

/** A client's device at the server, with the client's messages by hand. */
function served() {
  const { clock, limits, timers } = connectionSettings({ clock: new VirtualClock() });
  const sent: Parts[] = [];
  const closed: (Error | undefined)[] = [];
  const device: ServerDevice = new ServerDevice(
    REQUEST_COMPLETION,
    {
      clock,
      writable: () => true,
      send: (messages) => sent.push(...messages),
      wakeAt: () => {},
      ready: () => {},
      close: (error) => {
        closed.push(error);
        device.lost();
      },
      giveBack: () => {},
      ignored: () => {},
    },
    new ServedClient(undefined, clock, timers, () => {}),
    limits,
    timers,
  );
  device.opened();
  for (const answer of ANSWERS) device.receive(answer);
  const receive = (message: UrbdrcMessage) => {
    device.receive(Uint8Array.from(joinParts(encodeUrbdrcMessage(message))));
  };
  /** Of the request that was sent last. */
  const requestId = () => {
    const message = decodeServerMessage(joinParts(sent.at(-1) ?? []));
    return message.name === 'TRANSFER_IN_REQUEST' ? message.tsUrb.requestId : -1;
  };
  return { device, closed, receive, requestId };
}

describe('a request at the server', () => {
  it('whose completion makes the channel close ends with the channel, once, as do all others', async () => {
    const { device, closed, receive, requestId } = served();
    const ends: string[] = [];
    device.submit(GET_STATUS, ({ status }) => ends.push(`first ${status}`));
    device.submit(GET_STATUS, ({ status }) => ends.push(`second ${status}`));
    const tooMuch = new Uint8Array(3);
    receive({ name: 'URB_COMPLETION', ...HEAD, requestId: requestId(), tsUrbResult: OK, outputBuffer: tooMuch });
    expect(closed[0]?.message).to.contain('OutputBufferSize 3 for a request of 2');
    expect(ends).to.deep.equal(['first disconnected', 'second disconnected']);
    expect(device.gone.aborted).to.equal(true);
    await device.close();
    expect(ends).to.have.length(2);
  });

  it('is submitted again where it ended, from within: nothing is lost, nothing ends twice', () => {
    const { device, receive, requestId } = served();
    const ends: number[] = [];
    const again = () => {
      device.submit(GET_STATUS, ({ data }) => {
        ends.push(data.byteLength);
        if (ends.length < 3) again();
      });
    };
    again();
    for (const length of [0, 1, 2]) {
      const outputBuffer = new Uint8Array(length);
      receive({ name: 'URB_COMPLETION', ...HEAD, requestId: requestId(), tsUrbResult: OK, outputBuffer });
    }
    expect(ends).to.deep.equal([0, 1, 2]);
  });
});

describe('a request at the client', () => {
  /** SELECT_CONFIGURATION with interface 1 in alternate setting 1: two operations, one after the other. */
  const select = (interfaceId: number): UrbdrcMessage => ({
    name: 'TRANSFER_IN_REQUEST',
    interfaceId,
    messageId: 7,
    tsUrb: {
      name: 'TS_URB_SELECT_CONFIGURATION',
      urbFunction: UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION,
      requestId: 1,
      noAck: false,
      interfaces: [
        { interfaceNumber: 0, alternateSetting: 0, pipes: [] },
        { interfaceNumber: 1, alternateSetting: 1, pipes: [] },
      ],
      configurationDescriptor: CONFIGURATION_1,
    },
    outputBufferSize: 0,
  });

  async function redirected() {
    const [near, far] = memoryPair();
    const client = new RedirectionClient(near);
    const server = new FakeServer(far);
    const device = new FakeUsbDevice(() => undefined);
    device.holdCancelled = true;
    await client.attach(device);
    const { channelId, usbDevice } = await server.takeDevice();
    server.send(channelId, select(usbDevice));
    await turns();
    const types = () => device.submitted.map(({ type }) => type);
    return { client, server, device, channelId, usbDevice, types };
  }

  it('that is cancelled between two operations begins no more of them, and is completed as cancelled', async () => {
    const { client, server, device, channelId, usbDevice, types } = await redirected();
    server.send(channelId, { name: 'CANCEL_REQUEST', interfaceId: usbDevice, messageId: 8, requestId: 1 });
    await turns();
    expect(device.given.map(({ cancelled }) => cancelled)).to.deep.equal([true]);
    // The device had done it already.
    device.given[0]?.complete(result('completed'));
    await turns();
    expect(types()).to.deep.equal(['setConfiguration']);
    const { tsUrbResult } = await server.received('URB_COMPLETION_NO_DATA');
    expect(tsUrbResult.usbdStatus).to.equal(UsbdStatus.USBD_STATUS_CANCELED);
    await client.close();
  });

  it('that is not cancelled goes on with the next operation', async () => {
    const { client, device, types } = await redirected();
    device.given[0]?.complete(result('completed'));
    await turns();
    expect(types()).to.deep.equal(['setConfiguration', 'setInterface']);
    await client.close();
  });

  it('that the server gave up (2.2.6.2) begins no more operations, and the next one with its RequestId is another', async () => {
    const { client, server, device, channelId, usbDevice, types } = await redirected();
    server.send(channelId, { name: 'REGISTER_REQUEST_CALLBACK', interfaceId: usbDevice, messageId: 8 });
    const again = { interfaceId: usbDevice, messageId: 9, requestCompletion: 0x10 };
    server.send(channelId, { name: 'REGISTER_REQUEST_CALLBACK', ...again });
    server.send(channelId, select(usbDevice));
    await turns();
    expect(device.given.map(({ cancelled }) => cancelled)).to.deep.equal([true, false]);
    device.given[0]?.complete(result('completed'));
    await turns();
    expect(types()).to.deep.equal(['setConfiguration', 'setConfiguration']);
    expect(server.count('URB_COMPLETION_NO_DATA')).to.equal(0);
    device.given[0]?.complete(result('stalled'));
    expect((await server.received('URB_COMPLETION_NO_DATA')).messageId).to.equal(7);
    await client.close();
  });
});
