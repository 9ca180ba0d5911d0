import { Command, Option } from 'commander';
import { asError } from '../../codecs/core/errors.ts';
import type { Capture } from '../capture/openCapture.ts';
import { NAMED_DEVICES } from '../devices/virtual/namedDevices.ts';
import { RedirectionClient } from '../engine/client.ts';
import type { Transport } from '../ports/transport.ts';
import type { AttachmentEnd, UsbDevice } from '../ports/usb.ts';
import { AutomaticDevices } from './automaticDevices.ts';
import { captureOption, type CaptureOptions, endCapture, startCapture } from './captureOption.ts';
import { addEndpointOptions, ENDPOINT_HELP, type EndpointOptions, withConnections } from './endpoint.ts';
import { Failure, oneLine } from './failure.ts';
import { faultsOption, seedOption } from './faultOptions.ts';
import { addRuleOptions, addSelectionOptions, type PolicyOptions, readPolicy, RULES_HELP } from './policyOptions.ts';
import { Questions } from './questions.ts';
import { RedirectionReport } from './redirectionReport.ts';
import { type DeviceOptions, openSelection, type SelectedDevices } from './selectedDevices.ts';
import { aborted, stopSignal } from './stopSignal.ts';
import { PROCESS, type Surroundings } from './surroundings.ts';
import { Terminal } from './terminal.ts';

type RedirectOptions = EndpointOptions &
  DeviceOptions &
  PolicyOptions &
  CaptureOptions & { readonly verbose?: boolean };

/** The ways to choose devices beside --virtual. */
const OTHER_SELECTIONS = ['device', 'port', 'serial', 'rules', 'allow', 'deny', 'ask', 'auto', 'usb', 'filter', 'rdp'];

export function redirectCommand(around: Surroundings = PROCESS): Command {
  const command = new Command('redirect')
    .description('give USB devices of this machine (or virtual ones) to a server')
    .addOption(new Option('--device <vid:pid>', 'all devices with these ids, in hex'))
    .addOption(new Option('--port <path>', 'the device in this socket, as urbdrc list shows it, e.g. 1-2.3'))
    .addOption(new Option('--serial <text>', 'the device with this serial number'))
    .addOption(
      new Option(
        '--virtual <what>',
        `a device made of software: ${NAMED_DEVICES.map(({ name }) => name).join(', ')}`,
      ).conflicts(['device', 'port', 'serial', 'wait']),
    )
    .option('--read-only', 'with --virtual stick:IMAGE: the server may not write to it')
    .addOption(faultsOption().conflicts(OTHER_SELECTIONS))
    .addOption(seedOption())
    .option('--wait', 'do not fail when no such device is plugged in: wait for it')
    .addOption(captureOption())
    .option('--verbose', 'also tell what was ignored and why');
  const named = ['device', 'port', 'serial', 'virtual'];
  addSelectionOptions(addRuleOptions(command, named), named);
  return addEndpointOptions(command)
    .addHelpText(
      'after',
      `${RULES_HELP}
${ENDPOINT_HELP}

A device that is unplugged and plugged in again is redirected again. Ctrl-C gives everything back and ends.

Examples:
  urbdrc redirect --device 46f4:0001 --connect tcp://127.0.0.1:3000
  urbdrc redirect --serial LAB0001 --connect tls://server:3000 --fingerprint 9F:86:… --token-file secret
  urbdrc redirect --virtual stick:disk.img --connect unix:/run/urbdrc.sock
  urbdrc redirect --virtual fx2 --faults faults.json --verbose --connect tcp://127.0.0.1:3000
  urbdrc redirect --auto --deny "class 08" --connect tcp://127.0.0.1:3000
  urbdrc redirect --rules usb.rules --connect tcp://127.0.0.1:3000
  urbdrc redirect --device 046d:c31c --listen tcp://127.0.0.1:3000`,
    )
    .action((options: RedirectOptions) => redirect(options, around));
}

async function redirect(options: RedirectOptions, around: Surroundings): Promise<void> {
  const terminal = new Terminal(around.stderr, options);
  const stop = stopSignal(around);
  try {
    const selection = await select(options, around, terminal);
    let capture: Capture | undefined;
    try {
      const recording = (capture = startCapture(options, 'client', terminal));
      let busy = false;
      await withConnections(options, around, terminal, stop.signal, 'urbdrc serve', async (transport) => {
        if (busy) {
          terminal.say(`${transport.remote}: turned away, another server has the devices`);
          await transport.close();
          return;
        }
        busy = true;
        try {
          // A signal of its own, or each connection would leave a listener behind.
          await redirectThrough(transport, selection, recording, terminal, AbortSignal.any([stop.signal]));
        } finally {
          busy = false;
        }
      });
    } finally {
      await selection.close();
      if (capture !== undefined) endCapture(capture, options, terminal);
    }
  } finally {
    stop.release();
  }
}

async function select(options: RedirectOptions, around: Surroundings, terminal: Terminal): Promise<SelectedDevices> {
  const policy = await readPolicy(options);
  if (policy === undefined) return openSelection(options, around, terminal);
  return AutomaticDevices.open(await around.openDevices(), policy, new Questions(around, terminal), terminal);
}

/** Redirects what is selected, now and later, until the connection ends or the user wants to stop. */
async function redirectThrough(
  transport: Transport,
  selection: SelectedDevices,
  capture: Capture,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  terminal.say(`connected to ${transport.remote}`);
  const report = new RedirectionReport(terminal);
  const { ended, ...recording } = capture.connection(transport.remote);
  const client = new RedirectionClient(transport, {
    ...recording,
    onIgnored: (error) => terminal.detail(`ignored: ${error.message}`),
  });
  const ends = new Set<AttachmentEnd['reason']>();
  const following = followSelection(selection, terminal, async (device) => {
    const redirection = await client.attach(capture.device(device));
    report.follow(redirection);
    void redirection.ended.then(({ reason }) => ends.add(reason));
  });
  const refusal = await Promise.race([client.closed.then(() => undefined), aborted(signal), following.failed]);
  following.stop();
  await client.close();
  report.stop();
  // A connection that is over is the reason why a device cannot be redirected, not the other way round.
  const error = (await client.closed) ?? refusal;
  ended(error instanceof Error ? error : undefined);
  if (signal.aborted) terminal.say('stopped: everything is given back');
  else if (error !== undefined) throw error;
  else if (ends.has('closed')) throw new Failure(`${transport.remote} is gone: everything is given back`);
  else terminal.say('the server closed the connection: everything is given back');
}

/**
 * Calls back for each selected device, now and later. `failed` resolves when devices are there now and the callback has
 * rejected for each of them; it stays pending otherwise.
 */
function followSelection(
  selection: SelectedDevices,
  terminal: Terminal,
  redirectDevice: (device: UsbDevice) => Promise<void>,
): { readonly failed: Promise<Error>; stop(): void } {
  const report = (error: unknown) => terminal.say(oneLine(error));
  const arrived = new Set<UsbDevice>();
  // Watched first, so that none slips through between.
  const stop = selection.watch((device) => {
    arrived.add(device);
    redirectDevice(device).catch(report);
  });
  const redirectPresent = async (): Promise<Error | undefined> => {
    const devices = (await selection.present()).filter((device) => !arrived.has(device));
    const errors: unknown[] = [];
    for (const device of devices) await redirectDevice(device).catch((error: unknown) => errors.push(error));
    const [first] = errors;
    if (!selection.goesOn && errors.length > 0 && errors.length === devices.length) {
      return first instanceof Error ? first : new Error(String(first));
    }
    errors.forEach(report);
    return undefined;
  };
  const failed = new Promise<Error>((resolve) => {
    redirectPresent().then(
      (error) => {
        if (error !== undefined) resolve(error);
      },
      (error: unknown) => resolve(asError(error)),
    );
  });
  return { failed, stop };
}
