import { createHash, randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { MassStorageStick } from '../devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../engine/client.ts';
import { RedirectionServer } from '../engine/server.ts';
import { systemClock } from '../systemClock.ts';
import { MassStorage } from '../usb/massStorage/massStorage.ts';
import type { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../hosts/remoteDevice/remoteUsb.ts';
import { dial } from '../../transports/dial.ts';
import { listen } from '../../transports/listen.ts';
import { Failure } from './failure.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { formatBytes, formatVidPid } from './text.ts';

const STICK_SIZE = 16 * 1024 * 1024;

export function demoCommand(context: ProgramContext = PROCESS): Command {
  return new Command('demo')
    .description('redirect a virtual USB stick through every layer, in one process, and compare checksums')
    .addHelpText(
      'after',
      `
Needs no USB and no rights: the stick is made of software, the connection is loopback TCP.

Examples:
  urbdrc demo`,
    )
    .action(() =>
      demo((line) => {
        context.stdout.write(`${line}\n`);
      }),
    );
}

/** `step` prints a line. */
async function demo(step: (line: string) => void): Promise<void> {
  const image = randomBytes(STICK_SIZE);
  step(`1  a virtual USB stick of ${formatBytes(STICK_SIZE)}, filled with random bytes`);

  const usb = new RemoteUsb();
  const arrival = nextDevice(usb);
  const listener = await listen('tcp://127.0.0.1:0', {}, (transport) => {
    new RedirectionServer(transport).watch((device) => void usb.attach(device));
  });
  step(`2  the server listens on ${listener.url} (TPKT frames, one static-channel chunk each)`);

  const client = new RedirectionClient(await dial(listener.url));
  step('3  the client has dialled; static channel, dynamic channels and URBDRC control channel come up');

  try {
    await client.attach(new MassStorageStick({ blocks: new MemoryBlocks(image) }));
    const device = await arrival;
    step(`4  the server has the device: ${formatVidPid(device)} ${device.productName ?? ''}, as a WebUSB USBDevice`);

    const storage = await MassStorage.open(device);
    const hash = createHash('sha256');
    const started = systemClock.now();
    for await (const piece of storage.sectors(0, storage.sectorCount)) hash.update(piece);
    const seconds = (systemClock.now() - started) / 1000;
    step(
      `5  the server has read ${storage.sectorCount} sectors by SCSI over bulk transfers: ` +
        `${formatBytes(STICK_SIZE / seconds)}/s`,
    );
    await storage.close();
    compare(createHash('sha256').update(image).digest('hex'), hash.digest('hex'), step);
  } finally {
    await client.close();
    await listener.close();
  }
  step('7  the client has taken the stick back; both ends are closed');
}

function nextDevice(usb: RemoteUsb): Promise<RemoteDevice> {
  return new Promise((resolve) => {
    usb.addEventListener('connect', ({ device }) => resolve(device), { once: true });
  });
}

function compare(there: string, here: string, step: (line: string) => void): void {
  step(`6  SHA-256 at the client  ${there}`);
  step(`   SHA-256 at the server  ${here}`);
  if (there !== here) throw new Failure('the checksums differ');
  step('   equal');
}
