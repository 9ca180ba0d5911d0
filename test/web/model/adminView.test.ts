import { expect } from 'chai';
import type { ControlList, ListedDevice } from '../../../src/control/controlMessages.ts';
import { AdminView, placeOf } from '../../../src/web/model/adminView.ts';

const DEVICE: ListedDevice = {
  ...{ id: 2, device: '46f4:0001', port: '1-2', manufacturer: null, product: 'Stick', serial: null, source: 'client' },
  ...{ state: 'attached', decision: null, sharing: 'held', holder: 'vhci', age: 3, location: '3-1', waiting: [] },
};
const LIST: ControlList = { program: 'serve', pid: 7, sessions: [], devices: [DEVICE] };

describe('the view of an administrator', () => {
  let sent: string[];
  let now: number;
  let changes: number;
  let isClosed: boolean;
  let view: AdminView;
  const tell = (...answers: object[]) =>
    view.received(new TextEncoder().encode(answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')));

  beforeEach(() => {
    sent = [];
    now = 10_000;
    changes = 0;
    isClosed = false;
    const link = { send: (line: string) => sent.push(line), close: () => (isClosed = true) };
    view = new AdminView({ link, now: () => now, changed: () => (changes += 1) });
  });

  it('watches, and has the last list', () => {
    expect(sent).to.deep.equal(['{"do":"watch","traffic":true}\n']);
    expect(view.list).to.equal(undefined);
    tell({ ok: true, list: { ...LIST, pid: 1 } }, { ok: true, list: LIST });
    expect(view.list).to.deep.equal(LIST);
    expect(changes).to.equal(1);
    now += 2500;
    tell({ ok: true, traffic: [] });
    expect(view.listAge).to.equal(2500);
    tell({ ok: true, list: LIST });
    expect(view.listAge).to.equal(0);
  });

  it('makes rates of counts, and begins anew with a new holder', () => {
    const traffic = (bytesIn: number, bytesOut: number) => ({ ok: true, traffic: [{ device: 2, bytesIn, bytesOut }] });
    tell({ ok: true, list: LIST }, traffic(1000, 0));
    now += 1000;
    tell(traffic(1500, 20));
    expect(view.ratesOf(2).at(-1)).to.include({ bytesIn: 500, bytesOut: 20 });
    now += 1000;
    tell(traffic(5, 0));
    expect(view.ratesOf(2).at(-1)).to.include({ bytesIn: 0, bytesOut: 0 });
    tell({ ok: true, list: { ...LIST, devices: [] } }, traffic(9, 9));
    expect(view.ratesOf(2).every(({ bytesIn }) => bytesIn === 0)).to.equal(true);
  });

  it('gives each request its answer, in order, whatever comes between', async () => {
    const asked = [
      view.ask({ do: 'release', device: 2 }),
      view.ask({ do: 'end', session: 9 }),
      view.ask({ do: 'take', device: 2, session: 1, wait: 60 }),
    ];
    tell(
      { ok: true },
      { ok: true, list: LIST },
      { ok: false, error: 'there is no session 9', code: null },
      { ok: true, place: 1 },
    );
    expect(await Promise.all(asked)).to.deep.equal([
      undefined,
      'Refused: there is no session 9.',
      'It waits, as number 1.',
    ]);
    const last = view.ask({ do: 'unlock', device: 2 });
    view.closed();
    expect(await last).to.equal('The connection is over.');
  });

  it('ends a connection to something else', () => {
    view.received(new TextEncoder().encode('RFB 003.008\n'));
    expect(isClosed).to.equal(true);
  });

  it('tells in words where a device is', () => {
    const decision = { action: 'deny', rule: 'deny class 09', reason: 'denied by deny class 09' };
    const words = [
      placeOf(DEVICE),
      placeOf({ ...DEVICE, sharing: 'locked', location: null }),
      placeOf({ ...DEVICE, state: 'denied', holder: null, decision }),
      placeOf({ ...DEVICE, state: 'free' }),
    ];
    expect(words).to.deep.equal([
      'At vhci, as 3-1',
      'At vhci, locked',
      'Nobody may have it: denied by deny class 09',
      'Nobody has it',
    ]);
  });
});
