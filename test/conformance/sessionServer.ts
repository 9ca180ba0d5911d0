import { InternalIoControlCode, IoControlCode } from '../../codecs/urbdrc/ioControl.ts';
import { parseConfiguration } from '../../codecs/usb/configurationDescriptor.ts';
import {
  bulkOrInterrupt,
  frameNumber,
  getConfiguration,
  getDescriptor,
  getInterface,
  getStatus,
  IN_SHORT_OK,
  osFeatureDescriptor,
  pipeRequest,
  selectConfiguration,
  selectInterface,
  type Urb,
  vendorOrClass,
} from '../../src/conformance/client/urbs.ts';
import { PIPE_HANDLES } from '../../src/conformance/server/deviceAnswers.ts';
import { BULK_IN, BULK_OUT, CONFIGURATION_DESCRIPTOR } from '../../src/conformance/server/loopbackDescriptors.ts';
import { ChannelStack } from '../../src/driver/channelStack.ts';
import { connectionSettings, URBDRC_CHANNEL_NAME } from '../../src/driver/options.ts';
import type { ChannelEvent } from '../../src/session/channelEvent.ts';
import type { Clock, Transport } from '../../src/session/ports.ts';
import { ServerControlChannel, type ServerControlEvent } from '../../src/session/server/controlChannel.ts';
import { ServerDeviceChannel } from '../../src/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../../src/session/server/deviceEvent.ts';
import type { Step } from '../../src/channels/step.ts';

const REQUEST_COMPLETION = 0x10;
const ROOM = 256;
/** The extended compatible id, of the Microsoft OS feature descriptors. */
const COMPATIBLE_ID = 4;

/**
 * A server of our sessions alone: it sends what no program can ask for, because the port of devices has no word for it.
 * It takes one device a connection.
 */
export class SessionServer {
  readonly #clock: Clock;
  readonly #stack: ChannelStack;
  readonly #control = new ServerControlChannel();
  readonly #device = new ServerDeviceChannel(REQUEST_COMPLETION);
  readonly #channelIds: number[] = [];

  constructor(transport: Transport, clock: Clock) {
    this.#clock = clock;
    this.#stack = new ChannelStack(transport, 'server', connectionSettings({ clock }), {
      ready: () => this.#create(),
      opened: (channelId) => this.#apply(channelId, this.#session(channelId).open(clock.now())),
      message: (channelId, payload) => this.#apply(channelId, this.#session(channelId).receive(payload, clock.now())),
      closed: () => {},
      finished: () => {},
    });
  }

  /** Every request that the suites for clients make: the handles are those that the scripted device gives. */
  exercise(): void {
    const [bulkIn = 0, bulkOut = 0] = [PIPE_HANDLES.get(BULK_IN), PIPE_HANDLES.get(BULK_OUT)];
    this.#submit(getDescriptor(1), 18);
    this.#submit(selectConfiguration(CONFIGURATION_DESCRIPTOR, parseConfiguration(CONFIGURATION_DESCRIPTOR)), 0);
    this.#submit(selectInterface(1, 0, 0, 2), 0);
    this.#submit(pipeRequest('URB_FUNCTION_SYNC_RESET_PIPE', bulkOut), 0);
    this.#submit(frameNumber(), 0);
    this.#submit(getStatus('URB_FUNCTION_GET_STATUS_FROM_DEVICE', 0), 2);
    this.#submit(getStatus('URB_FUNCTION_GET_STATUS_FROM_INTERFACE', 0), 2);
    this.#submit(getStatus('URB_FUNCTION_GET_STATUS_FROM_ENDPOINT', BULK_IN), 2);
    this.#submit(getConfiguration(), 1);
    this.#submit(getInterface(0), 1);
    this.#submit(osFeatureDescriptor(0, COMPATIBLE_ID), ROOM);
    this.#submit(vendorOrClass('URB_FUNCTION_VENDOR_DEVICE', 'in', 0xd7), 1);
    const read = this.#submit(bulkOrInterrupt(bulkIn, IN_SHORT_OK), 64);
    this.#applyDevice(this.#device.cancel(read, this.#clock.now()));
    this.#submit(bulkOrInterrupt(bulkIn, IN_SHORT_OK), 64);
    this.#submit(pipeRequest('URB_FUNCTION_ABORT_PIPE', bulkIn), 0);
    for (const ioControlCode of Object.values(IoControlCode)) this.#ioControl(ioControlCode, false);
    for (const ioControlCode of Object.values(InternalIoControlCode)) this.#ioControl(ioControlCode, true);
    this.#applyDevice(this.#device.queryDeviceText(0, 0x409, this.#clock.now()).step);
  }

  #submit(urb: Urb, outputBufferSize: number): number {
    const tsUrb = { ...urb, requestId: 0, noAck: false };
    const submission = { direction: 'in', tsUrb, outputBuffer: new Uint8Array(0), outputBufferSize } as const;
    const { requestId, step } = this.#device.submitTransfer(submission);
    this.#applyDevice(step);
    return requestId;
  }

  #ioControl(ioControlCode: number, internal: boolean): void {
    this.#applyDevice(this.#device.submitIoControl({ internal, ioControlCode, outputBufferSize: ROOM }).step);
  }

  #applyDevice(step: Step<ServerDeviceEvent>): void {
    const [, channelId] = this.#channelIds;
    if (channelId !== undefined) this.#apply(channelId, step);
  }

  #create(): void {
    const channelId = this.#stack.createChannel(URBDRC_CHANNEL_NAME);
    if (channelId !== undefined) this.#channelIds.push(channelId);
  }

  #session(channelId: number): ServerControlChannel | ServerDeviceChannel {
    return channelId === this.#channelIds[0] ? this.#control : this.#device;
  }

  #apply(channelId: number, step: Step<ServerControlEvent | ServerDeviceEvent | ChannelEvent>): void {
    this.#stack.send(channelId, step.outgoing);
    for (const event of step.events) {
      if (event.type === 'virtualChannelRequested') this.#create();
      if (event.type === 'deviceAdded') this.#added();
    }
  }

  #added(): void {
    // Registered first: that message goes out in the same step.
    this.#clock.after(1, () => this.exercise());
  }
}
