import type { Decision } from '../policy/decide.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';

/** Where a device of a hub is. */
export type HubDeviceState =
  /** A person was asked about it and has not answered. */
  | { readonly name: 'asked' }
  | { readonly name: 'denied' }
  /** It may go, and no sink has it: none is there, or those that are there rejected or returned it. */
  | { readonly name: 'free' }
  | { readonly name: 'attaching'; readonly sink: UsbDeviceSink }
  | { readonly name: 'attached'; readonly sink: UsbDeviceSink; readonly attachment: Attachment }
  /** Unplugged, or its source was removed. Nothing follows. */
  | { readonly name: 'gone' };

/** One row of a hub's table: a device, from its arrival to its unplug. */
export interface HubDevice {
  /** Counted from 1; never used again. */
  readonly id: number;
  /** The device as its source has it. */
  readonly device: UsbDevice;
  /** Its source's `connection` tells who offers it. */
  readonly source: UsbDeviceSource;
  /** Decision of the policy or the person; undefined while the person is asked. */
  readonly decision: Decision | undefined;
  /** Where the device is now. */
  readonly state: HubDeviceState;
}

/** Event of a hub. `entry` is the live row: its state is the one after the event. */
export type HubEvent =
  | { readonly type: 'sourceAdded' | 'sourceRemoved'; readonly source: UsbDeviceSource; readonly error?: Error }
  | { readonly type: 'sinkAdded' | 'sinkRemoved'; readonly sink: UsbDeviceSink; readonly error?: Error }
  /** The policy or a person decided. Without a policy every device is allowed, which is not told. */
  | { readonly type: 'decided'; readonly entry: HubDevice; readonly decision: Decision }
  | {
      readonly type: 'attached';
      readonly entry: HubDevice;
      readonly sink: UsbDeviceSink;
      readonly attachment: Attachment;
    }
  /** A sink rejected the device. Where no other sink takes it, its source is told to take it back. */
  | { readonly type: 'rejected'; readonly entry: HubDevice; readonly sink: UsbDeviceSink; readonly error: Error }
  | { readonly type: 'ended'; readonly entry: HubDevice; readonly sink: UsbDeviceSink; readonly end: AttachmentEnd }
  | { readonly type: 'gone'; readonly entry: HubDevice }
  /** A callback of the embedder, a source or a sink threw. The hub goes on without it. */
  | { readonly type: 'failed'; readonly error: Error };

/** A question about one device. */
export interface HubQuestion {
  /** Of the device, in the hub's table. */
  readonly entry: HubDevice;
  /** Why a person has to be asked: the rule that wants it. */
  readonly reason: string;
}

/** Port to a person who decides about devices for which the policy says `ask`. */
export interface Person {
  /** Why nobody can be asked, such as `there is no terminal`; undefined where somebody can. */
  readonly unavailable: string | undefined;
  /** Resolves with the answer. `withdrawn` is aborted when the device is gone: the answer means nothing then. */
  ask(question: HubQuestion, withdrawn: AbortSignal): Promise<boolean>;
}
