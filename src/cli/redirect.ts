import { Command, Option } from 'commander';
import { RedirectionClient } from '../driver/client.ts';
import type { Transport, UsbDevice } from '../session/ports.ts';
import { oneLine } from './failure.ts';
import { addEndpointOptions, ENDPOINT_HELP, type EndpointOptions, withConnections } from './endpoint.ts';
import { type DeviceOptions, openSelection, type SelectedDevices } from './selectedDevices.ts';
import { RedirectionReport } from './redirectionReport.ts';
import { aborted, stopSignal } from './stopSignal.ts';
import { Terminal } from './terminal.ts';

type RedirectOptions = EndpointOptions & DeviceOptions & { readonly verbose?: boolean };

export function redirectCommand(): Command {
  const command = new Command('redirect')
    .description('give USB devices of this machine (or virtual ones) to a server')
    .addOption(new Option('--device <vid:pid>', 'all devices with these ids, in hex'))
    .addOption(new Option('--port <path>', 'the device in this socket, as urbdrc list shows it, e.g. 1-2.3'))
    .addOption(new Option('--serial <text>', 'the device with this serial number'))
    .addOption(
      new Option('--virtual <what>', 'a device made of software: stick:IMAGE or keyboard').conflicts([
        'device',
        'port',
        'serial',
      ]),
    )
    .option('--wait', 'do not fail when no such device is plugged in: wait for it')
    .option('--verbose', 'also tell what was ignored and why');
  return addEndpointOptions(command)
    .addHelpText(
      'after',
      `${ENDPOINT_HELP}

A device that is unplugged and plugged in again is redirected again. Ctrl-C gives everything back and ends.

Examples:
  urbdrc redirect --device 46f4:0001 --connect tcp://127.0.0.1:3000
  urbdrc redirect --serial LAB0001 --connect tls://server:3000 --fingerprint 9F:86:… --token-file secret
  urbdrc redirect --virtual stick:disk.img --connect unix:/run/urbdrc.sock
  urbdrc redirect --device 046d:c31c --listen tcp://127.0.0.1:3000`,
    )
    .action(redirect);
}

async function redirect(options: RedirectOptions): Promise<void> {
  const terminal = new Terminal(options);
  const stop = stopSignal();
  const selection = await openSelection(options);
  try {
    let busy = false;
    await withConnections(options, terminal, stop.signal, async (transport) => {
      if (busy) {
        terminal.say(`${transport.remote}: turned away, the devices are in use by another server`);
        await transport.close();
        return;
      }
      busy = true;
      try {
        await serveConnection(transport, selection, terminal, stop.signal, options.verbose ?? false);
      } finally {
        busy = false;
      }
    });
  } finally {
    await selection.close();
    stop.release();
  }
}

/** Redirects what is selected, now and later, until the connection ends or the user wants to stop. */
async function serveConnection(
  transport: Transport,
  selection: SelectedDevices,
  terminal: Terminal,
  signal: AbortSignal,
  verbose: boolean,
): Promise<void> {
  terminal.say(`connected to ${transport.remote}`);
  const report = new RedirectionReport(terminal);
  const client = new RedirectionClient(transport, {
    onIgnored: (error) => {
      if (verbose) terminal.say(`ignored: ${error.message}`);
    },
  });
  let stopWatching: () => void = () => {};
  let ended: { readonly error: Error | undefined } | undefined;
  try {
    const redirectDevice = async (device: UsbDevice) => {
      report.follow(await client.redirect(device));
    };
    for (const device of await selection.present()) await redirectDevice(device);
    stopWatching = selection.watch((device) => {
      redirectDevice(device).catch((error: unknown) => {
        terminal.say(oneLine(error));
      });
    });
    ended = (await Promise.race([client.closed.then((error) => ({ error })), aborted(signal)])) ?? undefined;
  } finally {
    stopWatching();
    await client.close();
    report.stop();
  }
  if (ended === undefined) {
    terminal.say('stopped: everything is given back');
  } else if (ended.error === undefined) {
    terminal.say('the server closed the connection: everything is given back');
  } else {
    throw ended.error;
  }
}
