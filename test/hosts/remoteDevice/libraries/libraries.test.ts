/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- that our types fit is a part of the test */
import { expect } from 'chai';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Adb, AdbDaemonTransport } from '@yume-chan/adb';
import { AdbDaemonWebUsbDeviceManager } from '@yume-chan/adb-daemon-webusb';
import Ftdi from 'ftdi-js';
import webdfu from 'webdfu';
import { SerialPort } from 'web-serial-polyfill';
import 'urbdrc/webusb-globals';
import { CdcAcm } from '../../../../src/devices/virtual/cdcAcm.ts';
import type { VirtualDevice } from '../../../../src/devices/virtual/virtualDevice.ts';
import type { RemoteDevice } from '../../../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../../../src/hosts/remoteDevice/remoteUsb.ts';
import { type Stack, stack } from '../../../engine/stack.ts';
import { BootLoader, DebugProbe, FtdiAdapter, ReceiptPrinter, Telephone, Wallet } from './devices.ts';

/** What the tests use of dapjs, which does not give its enumerations away. */
interface DapJs {
  readonly WebUSB: new (device: USBDevice) => object;
  readonly CmsisDAP: new (transport: object) => {
    connect(): Promise<void>;
    dapInfo(request: number): Promise<unknown>;
    disconnect(): Promise<void>;
  };
}
/** What they use of Ledger's package, whose types Node's resolution does not find. */
interface LedgerTransports {
  openConnected(): Promise<LedgerTransport | null>;
}
interface LedgerTransport {
  send(cla: number, ins: number, p1: number, p2: number, data: Buffer): Promise<Buffer>;
  on(event: 'disconnect', listener: (error: unknown) => void): void;
}
/** Of DAP_Info. */
const PRODUCT_NAME = 2;

const require = createRequire(import.meta.url);
// Its files for `import` name others without extensions, which Node does not follow.
const ledger = require('@ledgerhq/hw-transport-webusb') as { readonly default: LedgerTransports };
// Node and tsx do not agree on its default export.
const dapjs = require('dapjs') as DapJs;

/** What the tests use of `@point-of-sale/webusb-receipt-printer`, which has neither types nor an entry for Node. */
interface Printer {
  addEventListener(type: 'connected' | 'data' | 'disconnected', listener: (detail: unknown) => void): void;
  connect(): Promise<void>;
  listen(): Promise<boolean | undefined>;
  print(data: Uint8Array): Promise<void>;
}
const PRINTER = new URL(
  '../../../../node_modules/@point-of-sale/webusb-receipt-printer/dist/webusb-receipt-printer.esm.js',
  import.meta.url,
);

/** The libraries are talkative. */
const QUIET = ['log', 'debug', 'info', 'warn', 'error'] as const;

describe('unmodified WebUSB libraries drive redirected devices', () => {
  const said = QUIET.map((name) => Object.getOwnPropertyDescriptor(console, name));
  const navigatorBefore = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  let usb: RemoteUsb;
  let redirection: Stack;

  beforeEach(() => {
    for (const name of QUIET) Object.defineProperty(console, name, { value: () => {}, configurable: true });
    usb = new RemoteUsb();
    redirection = stack();
    Object.defineProperty(globalThis, 'navigator', { value: { usb }, configurable: true, writable: true });
  });

  afterEach(async () => {
    await redirection.client.close();
    await usb.close();
    for (const [index, name] of QUIET.entries()) Object.defineProperty(console, name, said[index] ?? {});
    if (navigatorBefore === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', navigatorBefore);
  });

  /** Redirects a device to a program that finds it as in a browser. */
  async function plug(device: VirtualDevice): Promise<RemoteDevice> {
    await redirection.client.attach(device);
    return (await usb.attach(await redirection.host.added())).remote;
  }

  it('ftdi-js: a serial adapter gives back what is written', async () => {
    const adapter = new FtdiAdapter();
    const device = await plug(adapter);
    const serial = new Ftdi(device, { baudRate: 9600 });
    await once(serial, 'ready');
    expect(adapter.divisor).to.be.a('number');
    const came = once(serial, 'data');
    await serial.writeAsync(Buffer.from('hello'));
    const [{ detail }] = (await came) as [CustomEvent<Uint8Array>];
    expect(Buffer.from(detail).toString()).to.equal('hello');
    serial.isClosing = true;
    await device.close();
  });

  it('web-serial-polyfill: a serial port gives back what is written', async () => {
    const modem = new CdcAcm();
    const port = new SerialPort(await plug(modem));
    await port.open({ baudRate: 115_200 });
    expect(modem.line).to.include({ dataRate: 115_200, dataTerminalReady: true });
    const writer = port.writable!.getWriter();
    await writer.write(Buffer.from('hello'));
    writer.releaseLock();
    const reader = port.readable!.getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value as Uint8Array).toString()).to.equal('hello');
    reader.releaseLock();
    await port.close();
    expect(modem.isOpen).to.equal(true);
    expect(modem.line.dataTerminalReady).to.equal(false);
  });

  it('@point-of-sale/webusb-receipt-printer: a printer prints, and its status arrives', async () => {
    const device = new ReceiptPrinter();
    await plug(device);
    const { default: WebUSBReceiptPrinter } = (await import(PRINTER.href)) as { default: new () => Printer };
    const printer = new WebUSBReceiptPrinter();
    const event = (type: 'connected' | 'data' | 'disconnected') =>
      new Promise<unknown>((resolve) => printer.addEventListener(type, resolve));
    const [connected, data, disconnected] = [event('connected'), event('data'), event('disconnected')];
    await printer.connect();
    expect(await connected).to.include({ productName: 'TM-T88V', language: 'esc-pos' });
    expect(await printer.listen()).to.equal(true);
    device.tell(0x14, 0x00, 0x0f);
    const status = (await data) as DataView;
    expect([...new Uint8Array(status.buffer)]).to.deep.equal([0x14, 0x00, 0x0f]);
    await printer.print(Uint8Array.of(0x1b, 0x40, 0x41));
    expect(device.printed).to.deep.equal([0x1b, 0x40, 0x41]);
    device.unplug();
    await disconnected;
  });

  it('@yume-chan/adb-daemon-webusb: a telephone runs a service', async () => {
    await plug(new Telephone());
    const manager = new AdbDaemonWebUsbDeviceManager(usb);
    // It dispatches a USBConnectionEvent of its own.
    const device = await manager.requestDevice();
    expect(device?.serial).to.equal('P1');
    const transport = await AdbDaemonTransport.authenticate({
      serial: device!.serial,
      connection: await device!.connect(),
      credentialStore: { generateKey: () => Promise.reject(new Error('no key is needed')), iterateKeys: () => [] },
    });
    const adb = new Adb(transport);
    expect(adb.banner.product).to.equal('small');
    expect(await adb.createSocketAndWait('echo:hello')).to.equal('echo:hello');
    await adb.close();
  });

  it('dapjs: a debug probe connects and tells its name', async () => {
    const probe = new DebugProbe();
    const dap = new dapjs.CmsisDAP(new dapjs.WebUSB(await plug(probe)));
    await dap.connect();
    expect(await dap.dapInfo(PRODUCT_NAME)).to.equal('DAPLink');
    await dap.disconnect();
    expect(probe.commands.slice(0, 2)).to.deep.equal([0x11, 0x02]);
  });

  it('@ledgerhq/hw-transport-webusb: a wallet answers APDUs of one packet and of several, and its unplug is told', async () => {
    const wallet = new Wallet();
    await plug(wallet);
    const transport = await ledger.default.openConnected();
    for (const length of [1, 200]) {
      const data = Buffer.alloc(length, 7);
      const answer = await transport!.send(0xe0, 1, 2, 3, data);
      expect(answer.toString('hex')).to.equal(
        `e0010203${length.toString(16).padStart(2, '0')}${data.toString('hex')}9000`,
      );
    }
    const gone = new Promise((resolve) => transport!.on('disconnect', resolve));
    wallet.unplug();
    expect(await gone).to.have.property('name', 'DisconnectedDevice');
  });

  it('webdfu: firmware goes to a boot loader and comes back', async () => {
    const loader = new BootLoader();
    await plug(loader);
    const [device, ...others] = await webdfu.DFU.findAllDfuInterfaces();
    expect(others).to.deep.equal([]);
    await device!.open();
    const firmware = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff);
    await device!.do_download(64, firmware.buffer, true);
    expect(loader.firmware).to.deep.equal([...firmware]);
    expect(await device!.getState()).to.equal(2);
    const read = new Uint8Array(await (await device!.do_upload(64)).arrayBuffer());
    expect([...read]).to.deep.equal([...firmware]);
    await device!.close();
  });
});
