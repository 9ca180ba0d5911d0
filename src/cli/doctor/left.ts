import { join } from 'node:path';
import { SysfsStubDriver } from '../../devices/usbipHost/stubDriver.ts';
import { RECORDS_FOLDER, TakenRecords } from '../../devices/usbipHost/takenRecords.ts';
import { mendLeft } from '../../devices/usbipHost/usbipHostDevices.ts';
import { systemClock } from '../../systemClock.ts';
import type { Finding } from './finding.ts';
import { asRoot, type Machine } from './machine.ts';

/** Devices that `redirect --from usbip-host:` had taken from their drivers when it was killed; with `mends`, gives them back. */
export async function examineLeft(machine: Machine, mends: boolean): Promise<Finding[]> {
  if (machine.platform !== 'linux') return [];
  const check = { side: 'client', check: 'left' } as const;
  const { root } = machine;
  const records = new TakenRecords({ records: join(root, RECORDS_FOLDER), proc: join(root, 'proc') });
  if (mends) {
    const mended = await mendLeft(new SysfsStubDriver(join(root, 'sys')), records, systemClock);
    return mended.map((busid) => ({ ...check, state: 'note', text: `the drivers of ${busid} have it back` }));
  }
  return (await records.left()).map((busid) => ({
    ...check,
    state: 'missing',
    text: `${busid} was taken from its drivers by a redirect that was killed`,
    advice: asRoot(machine, 'urbdrc doctor --mend'),
  }));
}
