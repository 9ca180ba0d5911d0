import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capture, openCapture } from '../../src/capture/openCapture.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { MassStorage } from '../../src/usb/massStorage/massStorage.ts';
import type { RemoteDevice } from '../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../src/hosts/remoteDevice/remoteUsb.ts';
import { memoryPair } from '../../transports/memory.ts';

export const PROGRAM = 'urbdrc 1.2.3';
/** 2026-11-21T13:00:00Z in microseconds. */
export const START = Date.UTC(2026, 10, 21, 13) * 1000;

/** Calls back with a folder that is gone afterwards. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'urbdrc-capture-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A clock that goes on by 250 microseconds whenever it is looked at. */
export function steppingClock(): () => number {
  let now = START;
  return () => (now += 250);
}

/** A stick is read and written, then a key typed and a lamp lit, while both ends record. */
export async function recordedRedirection(clientFile: string, serverFile: string): Promise<void> {
  const failed = (error: Error) => {
    throw error;
  };
  const open = (file: string, role: 'client' | 'server') =>
    openCapture(file, { role, program: PROGRAM, onFailure: failed, now: steppingClock() });
  const captures = { client: open(clientFile, 'client'), server: open(serverFile, 'server') };
  try {
    await redirect(captures);
  } finally {
    captures.client.close();
    captures.server.close();
  }
}

async function redirect(captures: { client: Capture; server: Capture }): Promise<void> {
  const usb = new RemoteUsb();
  const transports = memoryPair();
  const recorded = {
    client: captures.client.connection(transports[0].remote),
    server: captures.server.connection(transports[1].remote),
  };
  const server = new RedirectionServer(transports[1], recorded.server);
  server.watch((device) => void usb.attach(captures.server.device(device)));
  const client = new RedirectionClient(transports[0], recorded.client);
  const stick = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512).fill(0x5a)) });
  const keyboard = new HidKeyboard();

  const coming = arrival(usb);
  await client.attach(captures.client.device(stick));
  const storage = await MassStorage.open(await coming);
  await storage.read(8, 4);
  await storage.write(3, new Uint8Array(512).fill(0xc3));
  await storage.close();

  const next = arrival(usb);
  await client.attach(captures.client.device(keyboard));
  const device = await next;
  await device.open();
  await device.claimInterface(0);
  const report = device.transferIn(1, 8);
  keyboard.press(4);
  await report;
  await device.controlTransferOut(
    { requestType: 'class', recipient: 'interface', request: 9, value: 0x0200, index: 0 },
    Uint8Array.of(1),
  );
  await device.close();

  await client.close();
  recorded.client.ended(undefined);
  recorded.server.ended(await server.closed);
}

function arrival(usb: RemoteUsb): Promise<RemoteDevice> {
  return new Promise((resolve) => {
    usb.addEventListener('connect', ({ device }) => resolve(device), { once: true });
  });
}
