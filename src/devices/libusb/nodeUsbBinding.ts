import { createRequire } from 'node:module';
import { DeviceError } from '../../usb/deviceError.ts';
import type { NativeContext, UsbBinding } from './usbBinding.ts';

/** Loads node-usb, the package `usb`. @throws TypeError with a line that says what is missing */
export async function loadNodeUsbBinding(): Promise<UsbBinding> {
  const { usb } = await import('usb').catch((reason: unknown) => {
    throw new TypeError(explainMissing(reason), { cause: reason });
  });
  if (usb.INIT_ERROR !== 0) throw new TypeError(`libusb does not start (${usb.INIT_ERROR})`);
  return {
    backend: 'node-usb',
    description: 'the libusb in the package "usb"',
    context: asContext(usb),
    newContext: reload,
    onChange(listener) {
      usb.on('attach', listener);
      usb.on('detach', listener);
      return () => {
        usb.off('attach', listener);
        usb.off('detach', listener);
      };
    },
  };
}

/** Node gives a native file an environment of its own each time it is loaded, and node-usb a context to each of these. */
function reload(): NativeContext {
  const require = createRequire(import.meta.url);
  const file = Object.keys(require.cache).find((path) => /[\\/]usb[\\/].*\.node$/.test(path));
  if (file === undefined) {
    const problem = 'libusb cannot look for new devices: its native file is not where it was';
    throw new DeviceError('USB_UNAVAILABLE', problem);
  }
  // The one that was loaded first must stay what others get who ask for it.
  const first = require.cache[file];
  try {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a module cache is a dictionary
    delete require.cache[file];
    return asContext(require(file));
  } finally {
    require.cache[file] = first;
  }
}

/** In one line, without the paths that Node adds. */
function explainMissing(reason: unknown): string {
  const [line = ''] = String(reason instanceof Error ? reason.message : reason).split('\n');
  const isMissing = reason instanceof Error && 'code' in reason && reason.code === 'ERR_MODULE_NOT_FOUND';
  return isMissing ? 'the package "usb" is not installed (npm install usb@~2.18 adds it)' : line;
}

/**
 * node-usb's own types ask for its classes where this folder's ask for no more than it uses. A context that could not start
 * has no `Transfer`.
 */
function asContext(loaded: unknown): NativeContext {
  if (!isContext(loaded)) throw new DeviceError('USB_UNAVAILABLE', 'libusb does not start');
  return loaded;
}

function isContext(value: unknown): value is NativeContext {
  return (
    typeof value === 'object' &&
    value !== null &&
    'INIT_ERROR' in value &&
    'getDeviceList' in value &&
    'Transfer' in value
  );
}
