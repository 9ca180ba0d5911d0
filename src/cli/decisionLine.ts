import type { HubEvent } from '../hub/hubDevice.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';
import { eventDevice } from './programEvent.ts';
import type { Terminal } from './terminal.ts';

/** Tells what was decided about a device of a client, and why. */
export function tellDecision(
  { entry, decision }: Extract<HubEvent, { type: 'decided' }>,
  describe: (identity: UsbDeviceIdentity) => string,
  terminal: Terminal,
): void {
  const { device, source } = entry;
  const { action, reason } = decision;
  const verb = action === 'allow' ? 'accepted' : 'refused';
  terminal.say(`client ${source.name}: ${verb} ${describe(device.identity)}: ${reason}`, {
    event: 'decided',
    remote: source.name,
    action,
    reason,
    ...eventDevice(device.identity),
  });
}
