import { InvalidArgumentError, Option } from 'commander';
import { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
import { type RejoinEvent, RejoiningClients } from '../hub/rejoin/rejoiningSource.ts';
import type { UsbDeviceSource } from '../ports/usb.ts';
import { idleClock } from '../systemClock.ts';
import { MassStorage } from '../usb/massStorage/massStorage.ts';
import { Failure } from './failure.ts';
import { eventDevice } from './programEvent.ts';
import type { Terminal } from './terminal.ts';
import { formatVidPid } from './text.ts';

export interface RejoinCliOptions {
  readonly rejoin?: number;
  readonly hold?: number;
}

/** Milliseconds that a command of a stick may take, and that it may need to get ready, when its medium is looked at. */
const MEDIUM_TIMES = { timeout: 5000, readyTimeout: 2000 };

/** `--rejoin`. */
export function rejoinOption(): Option {
  const text =
    'rdp: sticks and HID stay plugged in for so long when a client is cut off and comes back; at most --hold';
  return new Option('--rejoin <seconds>', text).argParser(rejoinSeconds).default(0);
}

function rejoinSeconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('not a whole number of seconds.');
  return value;
}

/**
 * The clients whose devices wait for them; undefined without the option.
 * @throws Failure where no client could come back for as long
 */
export function openRejoin(
  { rejoin = 0, hold = 0 }: RejoinCliOptions,
  terminal: Terminal,
): RejoiningClients | undefined {
  if (rejoin > hold) {
    throw new Failure(`--rejoin ${rejoin} is longer than a client may be away: give --hold ${rejoin} or more`, 2);
  }
  if (rejoin === 0) return undefined;
  return new RejoiningClients({
    clock: idleClock,
    time: 1000 * rejoin,
    openStorage: (device) => MassStorage.open(new RemoteDevice(device), MEDIUM_TIMES),
    onEvent: (source, event) => tellRejoin(source, event, terminal),
  });
}

function tellRejoin({ name }: UsbDeviceSource, event: RejoinEvent, terminal: Terminal): void {
  switch (event.type) {
    case 'waiting': {
      const { devices, time } = event;
      const count = devices.length === 1 ? '1 device waits' : `${devices.length} devices wait`;
      const line = `client ${name}: the connection is cut, ${count} ${time / 1000} s for the client`;
      terminal.say(line, { event: 'interrupted', remote: name, hold: time });
      return;
    }
    case 'rejoined':
      terminal.say(`client ${name}: ${formatVidPid(event.device)} is back in its place`, {
        event: 'rejoined',
        remote: name,
        ...eventDevice(event.device),
      });
      return;
    case 'different': {
      const { device, reason } = event;
      const line = `client ${name}: ${formatVidPid(device)} has not got its place back: ${reason}`;
      terminal.warn(line, { event: 'notRejoined', remote: name, reason, ...eventDevice(device) });
      return;
    }
  }
}
