import { expect } from 'chai';
import { ImportShare } from '../../src/cli/importShare.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { UsbipServer } from '../../src/hosts/usbipServer/usbipServer.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { HubEvent } from '../../src/hub/hubDevice.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { parseShareRule } from '../../src/policy/ruleText.ts';
import { ANSWER_TIME } from '../../src/hub/deviceShare.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { UsbipClient } from '../hosts/usbipServer/usbipClient.ts';

const BUSY = 2;

describe('a device that two clients of USB/IP want', () => {
  let clock: VirtualClock;
  let hub: Hub;
  let server: UsbipServer;
  let clients: UsbipClient[];
  let told: HubEvent['type'][];
  let refusals: string[];
  let asked: string[];
  let answer: (isYes: boolean) => void;

  async function begin(rule: string, wait = 0): Promise<void> {
    const person = {
      unavailable: undefined,
      ask: ({ reason }: { readonly reason: string }) =>
        new Promise<boolean>((resolve) => {
          asked.push(reason.replaceAll(/usbip:\S+:\d+/g, 'CLIENT'));
          answer = resolve;
        }),
    };
    const rules = [parseShareRule(rule, 'a test')];
    const sharing = new ImportShare({
      ...{ clock, rules, wait, person, devices: () => hub.devices },
      tell: ({ type }) => told.push(type),
    });
    server = await UsbipServer.listen({
      ...{ port: 0, clock, sharing },
      onRefused: ({ message }) => refusals.push(message.replaceAll(/usbip:\S+:\d+/g, 'CLIENT')),
    });
    hub = new Hub({ clock });
    await hub.addSink(server);
    const devices = new VirtualDevices();
    devices.add(new HidKeyboard());
    await hub.addSource(devices);
  }

  const connect = async () => {
    const client = await UsbipClient.connect(server.url);
    clients.push(client);
    return client;
  };
  /** The first client, which has the device. */
  const holder = async () => {
    const client = await connect();
    expect(await client.import('1-1')).to.include({ status: 0 });
    return client;
  };
  /** Resolves when the machine that decides has heard of it. */
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(() => {
    clock = new VirtualClock();
    [clients, told, refusals, asked] = [[], [], [], []];
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await hub.close();
  });

  it('changes hands where the rule is take: the first one sees an unplug', async () => {
    await begin('take *');
    const first = await holder();
    const second = await connect();
    expect(await second.import('1-1')).to.include({ status: 0 });
    await first.closed();
    expect(told).to.deep.equal(['deviceTaken']);
    expect((await second.control([0x80, 6, 0, 1, 0, 0, 18, 0])).data.byteLength).to.equal(18);
  });

  it('stays where the rule is refuse, and the refusal tells by whom and since when', async () => {
    await begin('refuse *');
    await holder();
    clock.advance(12_000);
    expect(await (await connect()).import('1-1')).to.deep.equal({ status: BUSY });
    await until(() => refusals.length === 1);
    expect(refusals[0]).to.equal('device 1-1 is not for it: the rule is refuse * (a test); CLIENT has had it for 12 s');
  });

  it('comes to who waits when its holder goes, and to nobody who has left meanwhile', async () => {
    await begin('refuse *', 60_000);
    const first = await holder();
    const gone = await connect();
    const lost = gone.import('1-1').catch(() => undefined);
    await until(() => told.length === 1);
    const second = await connect();
    const waiting = second.import('1-1');
    await until(() => told.length === 2);
    gone.socket.destroy();
    await lost;
    await until(() => refusals.length === 1);
    first.socket.destroy();
    expect(await waiting).to.include({ status: 0 });
    expect(told).to.deep.equal(['deviceClaimed', 'deviceClaimed']);
  });

  it('waits as long as the program was told, and then is refused', async () => {
    await begin('refuse *', 60_000);
    await holder();
    const waiting = (await connect()).import('1-1');
    await until(() => told.length === 1);
    clock.advance(60_000);
    expect(await waiting).to.deep.equal({ status: BUSY });
    await until(() => refusals.length === 1);
    expect(refusals[0]).to.match(/it did not become free in time/);
  });

  for (const [isYes, status] of [
    [true, 0],
    [false, BUSY],
  ] as const) {
    it(`${isYes ? 'goes' : 'stays'} where the person says ${isYes ? 'yes' : 'no'} for its holder`, async () => {
      await begin('ask *');
      await holder();
      const wanting = (await connect()).import('1-1');
      await until(() => asked.length === 1);
      expect(asked).to.deep.equal(['wanted by CLIENT; CLIENT has had it for 0 s']);
      answer(isYes);
      expect(await wanting).to.include({ status });
    });
  }

  it('stays where nobody answers in 20 s', async () => {
    await begin('ask *');
    await holder();
    const wanting = (await connect()).import('1-1');
    await until(() => asked.length === 1);
    clock.advance(ANSWER_TIME);
    expect(await wanting).to.deep.equal({ status: BUSY });
  });
});
