import type { Decision } from '../policy/decide.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';
import type { Claimant, DeviceShareState } from './deviceShare.ts';
import type { SessionEvent } from './sessionTable.ts';

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
  /** Whose it is, and who wants it. */
  readonly sharing: HubSharing;
}

/** Whose a device is, and who waits for it. Sinks have the names of the users at their other ends, or their own. */
export interface HubSharing {
  /** Whose it is. */
  readonly state: DeviceShareState;
  /** The next one first. */
  readonly queue: readonly Claimant[];
}

/** Answer to a claim. */
export type ClaimAnswer =
  | { readonly type: 'granted' }
  /** It is told again, as an event, when the device comes or when the time is over. `place` 1 is the next. */
  | { readonly type: 'queued'; readonly place: number }
  | {
      readonly type: 'refused';
      /** Who has the device, and since when by the hub's clock, milliseconds. */
      readonly holder: string | undefined;
      readonly since: number | undefined;
      /** One line. */
      readonly reason: string;
    };

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
  /** Somebody wants a device that another has. Names are those of {@link HubSharing}; `since` is the hub's clock. */
  | {
      readonly type: 'deviceClaimed';
      readonly entry: HubDevice;
      readonly claimant: string;
      readonly holder: string;
      readonly since: number;
      /** `asked`: the holder is asked. `queued`: the claim waits. `noticed`: the device is taken in a moment. */
      readonly how: 'asked' | 'queued' | 'noticed';
    }
  | {
      readonly type: 'deviceRefused';
      readonly entry: HubDevice;
      readonly claimant: string;
      readonly holder: string | undefined;
      readonly since: number | undefined;
      readonly reason: string;
    }
  /**
   * It went from one to the other; `isForced`: not in good order, because that took too long. `loser` had had it since `since`,
   * by the hub's clock.
   */
  | {
      readonly type: 'deviceTaken';
      readonly entry: HubDevice;
      readonly from: string;
      readonly to: string;
      readonly loser?: UsbDeviceSink;
      readonly since: number;
      readonly isForced: boolean;
    }
  | SessionEvent
  /** A callback of the embedder, a source or a sink threw. The hub goes on without it. */
  | { readonly type: 'failed'; readonly error: Error };

/** A question about one device. */
export interface HubQuestion {
  /** Of the device, in the hub's table. */
  readonly entry: HubDevice;
  /** Why a person has to be asked: the rule that wants it. */
  readonly reason: string;
  /** Set where the question is whether the holder of the device gives it to somebody else. */
  readonly claim?: { readonly holder: string; readonly claimant: string };
}

/** Port to a person who decides about devices for which the policy says `ask`. */
export interface Person {
  /** Why nobody can be asked, such as `there is no terminal`; undefined where somebody can. */
  readonly unavailable: string | undefined;
  /** Resolves with the answer. `withdrawn` is aborted when the device is gone: the answer means nothing then. */
  ask(question: HubQuestion, withdrawn: AbortSignal): Promise<boolean>;
}
