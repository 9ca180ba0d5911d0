import { type Command, Option } from 'commander';
import type { AttachmentEnd, UsbDeviceIdentity } from '../ports/usb.ts';
import type { OverlapStatistics } from '../engine/distance.ts';
import { formatVidPid } from './text.ts';

/** Options of a command about its lines. */
export interface OutputOptions {
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly logTime?: boolean;
  readonly json?: boolean;
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--verbose', 'also tell what was ignored and why'))
    .addOption(new Option('--quiet', 'tell only of problems').conflicts(['verbose']))
    .addOption(new Option('--log-time', 'begin each line with the time, UTC').conflicts('json'))
    .addOption(new Option('--json', 'print events as JSON, one a line, on standard output instead of text'));
}

/** A device in an event; the same names as in `list --json`. */
export interface EventDevice {
  /** `46f4:0001` */
  readonly device: string;
  readonly port: string | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
}

/**
 * One event of `serve`, `redirect` and `gateway`. With --json each is one line, an object with these properties, `time` (ISO 8601,
 * UTC) and `text`, the line for people. Names and properties stay; new ones may be added.
 */
export type ProgramEvent =
  | { readonly event: 'listening'; readonly url: string; readonly fingerprint?: string }
  | { readonly event: 'exporting' | 'metrics'; readonly url: string }
  | { readonly event: 'connected'; readonly remote: string }
  | {
      readonly event: 'disconnected';
      readonly remote: string;
      readonly error: string | null;
      /** Milliseconds to the client and back; null where nothing has shown it. */
      readonly roundTrip: number | null;
      /** SCSI commands, those that were overlapped, and by reason how often one was not, or not to its end. */
      readonly commands: number;
      readonly overlapped: number;
      readonly fallenBack: OverlapStatistics['fallenBack'];
    }
  | { readonly event: 'interrupted'; readonly remote: string; readonly hold: number }
  | { readonly event: 'resumed'; readonly remote: string }
  | ({ readonly event: 'rejoined'; readonly remote: string } & EventDevice)
  | ({ readonly event: 'notRejoined'; readonly remote: string; readonly reason: string } & EventDevice)
  | { readonly event: 'notice'; readonly remote: string; readonly notice: string }
  | { readonly event: 'peerRefused' }
  | { readonly event: 'peerRecognised'; readonly remote: string; readonly peer: string }
  | ({
      readonly event: 'decided';
      readonly remote: string | null;
      readonly action: 'allow' | 'deny' | 'ask';
      readonly reason: string;
    } & EventDevice)
  | ({ readonly event: 'available' | 'unplugged' } & EventDevice)
  | ({ readonly event: 'attached'; readonly location: string } & EventDevice)
  | ({ readonly event: 'notAttached'; readonly error: string } & EventDevice)
  | ({ readonly event: 'detached'; readonly reason: AttachmentEnd['reason'] } & EventDevice)
  | { readonly event: 'nodes'; readonly location: string; readonly nodes: readonly string[] }
  | ({ readonly event: 'imported' | 'released'; readonly remote: string } & EventDevice)
  | ({
      readonly event: 'streamLoss';
      readonly overrun: number;
      readonly underrun: number;
    } & EventDevice)
  | ({ readonly event: 'redirecting' } & EventDevice)
  | ({
      readonly event: 'redirected';
      readonly reason: AttachmentEnd['reason'];
      /** Of `refused`: why, in the server's words. */
      readonly explanation?: string;
      readonly requests: number;
      readonly failures: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
    } & EventDevice)
  | {
      readonly event: 'traffic';
      readonly devices: number;
      readonly requests: number;
      readonly bytesIn: number;
      readonly bytesOut: number;
      readonly bytesPerSecond: number;
    }
  | { readonly event: 'sessionRefused'; readonly who: string; readonly reason: string }
  | { readonly event: 'sessionEnding'; readonly session: number; readonly who: string; readonly reason: string }
  | ({ readonly event: 'deviceClaimed' | 'deviceRefused' | 'deviceTaken' } & EventDevice)
  | { readonly event: 'question' | 'problem' | 'note' | 'detail' }
  | { readonly event: 'focus'; readonly owner: 'local' | 'remote'; readonly error: string | null }
  | {
      /** Of `gateway`: a connection that a token permitted is over. */
      readonly event: 'gatewayConnection';
      readonly remote: string;
      readonly user: string;
      readonly target: string;
      readonly error: string | null;
      readonly fromPage: number;
      readonly toPage: number;
      readonly seconds: number;
    }
  | { readonly event: 'stopped' };

type Identity = Pick<UsbDeviceIdentity, 'vendorId' | 'productId'> & {
  readonly [name in 'portPath' | 'manufacturerName' | 'productName' | 'serialNumber']?: string | null | undefined;
};

/** The properties of an event about this device. */
export function eventDevice(identity: Identity): EventDevice {
  return {
    device: formatVidPid(identity),
    port: identity.portPath ?? null,
    manufacturer: identity.manufacturerName ?? null,
    product: identity.productName ?? null,
    serial: identity.serialNumber ?? null,
  };
}
