import { type FileHandle, open, readFile } from 'node:fs/promises';
import { type AccessFolders, deviceNode } from '../access.ts';
import { SYSFS_DEVICES } from '../sysfs.ts';
import { within } from '../nativeCalls.ts';
import type { ReleasePort } from '../usbBinding.ts';
import type { Koffi } from './libusbLibrary.ts';

/** _IOR('U', 24, unsigned int) of linux/usbdevice_fs.h. */
const USBDEVFS_CLAIM_PORT = 0x80045518;
/** A hub is locked while it has another device enumerated, which may take seconds: it is not worth more, in ms. */
const PATIENCE = 3000;

/**
 * Claims the port of the hub that a device is plugged into, as far as this user may: as long as it is claimed, Linux binds
 * no driver to the device's interfaces, neither when they appear nor when it is asked to. Programs may claim these all the
 * same. The claim ends with the file that made it, and so with the process at the latest.
 *
 * Undefined: not claimed, because this user may not write the hub's node, another program has the port, the hub is busy
 * for longer than `patience`, or this is not Linux. Never rejects.
 */
export async function claimPort(
  koffi: Pick<Koffi, 'load'>,
  { busNumber, portNumbers }: { readonly busNumber: number; readonly portNumbers: readonly number[] },
  { patience = PATIENCE, ...folders }: AccessFolders & { readonly patience?: number } = {},
): Promise<ReleasePort | undefined> {
  const port = portNumbers.at(-1);
  if (process.platform !== 'linux' || port === undefined) return undefined;
  const hub = portNumbers.length === 1 ? `usb${busNumber}` : `${busNumber}-${portNumbers.slice(0, -1).join('.')}`;
  const claimed = openHub(hub, busNumber, folders).then((file) =>
    file === undefined ? undefined : claim(koffi, file, port),
  );
  if (await within(patience, claimed)) return claimed;
  void claimed.then((release) => release?.());
  return undefined;
}

/** Opened on another thread, because opening waits for the hub. */
async function openHub(
  hub: string,
  busNumber: number,
  { sysfs = SYSFS_DEVICES, nodes }: AccessFolders,
): Promise<FileHandle | undefined> {
  try {
    const deviceAddress = Number(await readFile(`${sysfs}/${hub}/devnum`, 'utf8'));
    return await open(deviceNode({ busNumber, deviceAddress }, nodes), 'r+');
  } catch {
    return undefined;
  }
}

async function claim(koffi: Pick<Koffi, 'load'>, file: FileHandle, port: number): Promise<ReleasePort | undefined> {
  const release = () => file.close().catch(() => {}); // the hub is gone, and the claim with it
  // Its last parameter is variadic in C: koffi runs no such functions on threads, and Linux passes it like any other.
  const ioctl = koffi.load(null).func('int ioctl(int file, unsigned long request, unsigned int *value)');
  const code = await new Promise<number>((resolve) => {
    ioctl.async(file.fd, USBDEVFS_CLAIM_PORT, [port], (error: unknown, code: number) =>
      resolve(error === null || error === undefined ? code : -1),
    );
  });
  if (code >= 0) return release;
  await release();
  return undefined;
}
