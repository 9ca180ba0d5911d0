import type { ControlRequest, ListedDevice, ListedSession } from '../../control/controlMessages.ts';
import { errorOfClose } from '../../../transports/webSocket/closeCodes.ts';
import { AdminView, placeOf } from '../model/adminView.ts';
import { claimsIn } from '../model/tokenClaims.ts';
import { ConnectionPanel, type ConnectionView } from './connectionPanel.ts';
import { button, element, find, setText } from './dom.ts';
import { tokensInAddress, webSocketAt } from './place.ts';
import { Plot } from './plot.ts';

type Request = Exclude<ControlRequest, { do: 'list' | 'watch' }>;

let view: AdminView | undefined;
let state: ConnectionView = { name: 'apart' };
let disconnect = () => {};
let claims = claimsIn('');
const connection = new ConnectionPanel({ connect, disconnect: () => disconnect() });

function connect(token: string): void {
  claims = claimsIn(token);
  const socket = new WebSocket(webSocketAt(token), ['binary']);
  socket.binaryType = 'arraybuffer';
  enter({ name: 'connecting' });
  disconnect = () => socket.close();
  socket.addEventListener('open', () => {
    const link = { send: (line: string) => socket.send(new TextEncoder().encode(line)), close: () => socket.close() };
    view = new AdminView({ link, now: () => performance.now(), changed: () => enter({ name: 'connected' }) });
  });
  socket.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) view?.received(new Uint8Array(data));
  });
  socket.addEventListener('close', ({ code, reason }) => {
    view?.closed();
    view = undefined;
    const why =
      code === 1006
        ? 'The gateway cannot be reached, or does not let pages from here in'
        : errorOfClose({ code, reason }, location.host)?.message;
    enter({ name: 'apart', problem: why });
  });
}

function enter(next: ConnectionView): void {
  state = next;
  draw();
}

function ask(request: Request, tell: (problem: string) => void): void {
  tell('');
  void view?.ask(request).then((problem) => tell(problem ?? ''));
}

/** A row of a list, which stays while what it is about does. */
interface Row<T> {
  readonly node: HTMLElement;
  update(value: T): void;
}

/** Where a row tells what was refused. */
class Refusals {
  readonly node = element('p', { class: 'notice', role: 'alert', hidden: true });

  readonly tell = (problem: string): void => {
    this.node.hidden = problem === '';
    setText(this.node, problem);
  };
}

class SessionRow implements Row<ListedSession> {
  readonly #refusals = new Refusals();
  readonly node: HTMLElement;
  readonly #title = element('h3');
  readonly #facts = element('p', { class: 'quiet' });

  constructor({ id, who }: ListedSession) {
    const end = button(
      'End',
      () => {
        if (confirm(`End the session of ${who}? Its devices leave.`))
          ask({ do: 'end', session: id }, this.#refusals.tell);
      },
      { 'aria-label': `End session ${id} of ${who}` },
    );
    const head = element('div', {}, this.#title, this.#facts);
    this.node = element('li', { class: 'card' }, element('div', { class: 'head' }, head, end), this.#refusals.node);
  }

  update({ id, name, who, access, state: where, age, devices }: ListedSession): void {
    setText(this.#title, `${id}: ${who}`);
    const has = devices.length === 0 ? 'no devices' : `devices ${devices.join(', ')}`;
    setText(this.#facts, `session ${name}, ${access}, ${where} since ${sinceOf(age)}, ${has}`);
  }
}

class DeviceRow implements Row<ListedDevice> {
  readonly #refusals = new Refusals();
  readonly node: HTMLElement;
  readonly #id: number;
  readonly #title = element('h3');
  readonly #facts = element('p', { class: 'quiet' });
  readonly #place = element('p', { class: 'place' });
  readonly #decision = element('p');
  readonly #waiting = element('p');
  readonly #plot = new Plot(false);
  readonly #receiver = element('select');
  readonly #give: HTMLButtonElement;
  readonly #release: HTMLButtonElement;
  readonly #lock: HTMLButtonElement;
  #isLocked = false;

  constructor({ id }: ListedDevice) {
    this.#id = id;
    const about = (verb: string) => ({ 'aria-label': `${verb} device ${id}` });
    const act = (request: Request) => () => ask(request, this.#refusals.tell);
    this.#release = button('Release', act({ do: 'release', device: id }), about('Release'));
    this.#lock = button('Lock', () => ask({ do: this.#isLocked ? 'unlock' : 'lock', device: id }, this.#refusals.tell));
    const drop = button(
      'Drop',
      () => {
        if (confirm(`Take device ${id} from everybody?`)) ask({ do: 'drop', device: id }, this.#refusals.tell);
      },
      about('Drop'),
    );
    this.#receiver.setAttribute('aria-label', `Session that gets device ${id}`);
    this.#give = button(
      'Hand over',
      () => ask({ do: 'give', device: id, session: Number(this.#receiver.value) }, this.#refusals.tell),
      about('Hand over'),
    );
    this.node = element(
      'li',
      { class: 'card' },
      element('div', {}, this.#title, this.#facts),
      this.#place,
      this.#decision,
      this.#waiting,
      this.#plot.node,
      element('div', { class: 'buttons' }, this.#release, this.#lock, drop, this.#receiver, this.#give),
      this.#refusals.node,
    );
  }

  update(listed: ListedDevice): void {
    const { id, device, product, manufacturer, serial, source, port, state: where, decision, waiting, age } = listed;
    setText(this.#title, `${id}: ${product ?? device}`);
    const parts = [
      manufacturer,
      device,
      serial === null ? null : `serial number ${serial}`,
      `port ${port}`,
      `from ${source}`,
    ];
    setText(this.#facts, parts.filter((part) => part !== null).join(', '));
    setText(this.#place, `${placeOf(listed)}${age === null ? '' : ` since ${sinceOf(age)}`}.`);
    this.node.dataset['state'] = where === 'attached' ? 'used' : where;
    this.#decision.hidden = decision === null;
    setText(this.#decision, decision === null ? '' : `Decided: ${wordsFor(decision)}.`);
    this.#waiting.hidden = waiting.length === 0;
    setText(this.#waiting, `Waiting: ${waiting.join(', ')}.`);
    this.#isLocked = listed.sharing === 'locked';
    setText(this.#lock, this.#isLocked ? 'Unlock' : 'Lock');
    this.#lock.setAttribute('aria-label', `${this.#isLocked ? 'Unlock' : 'Lock'} device ${id}`);
    this.#release.disabled = listed.holder === null;
    this.#updateReceivers();
    this.#plot.draw(view?.ratesOf(this.#id) ?? []);
  }

  #updateReceivers(): void {
    const sessions = view?.list?.sessions ?? [];
    const known = [...this.#receiver.options].map(({ value }) => value).join();
    if (known === sessions.map(({ id }) => id).join()) return;
    const chosen = this.#receiver.value;
    this.#receiver.replaceChildren(
      ...sessions.map(({ id, who }) => element('option', { value: String(id) }, `${id}: ${who}`)),
    );
    this.#receiver.value = chosen;
    if (this.#receiver.selectedIndex < 0) this.#receiver.selectedIndex = 0;
    this.#give.disabled = sessions.length === 0;
  }
}

/** The reason has the rule, as a rule. */
function wordsFor({ reason, rule }: { readonly reason: string; readonly rule: string | null }): string {
  return rule === null || reason.includes(rule) ? reason : `${reason} (rule: ${rule})`;
}

/** The time of day. @param age - seconds, when the list came */
function sinceOf(age: number): string {
  return new Date(Date.now() - (view?.listAge ?? 0) - 1000 * age).toLocaleTimeString();
}

/** Rows for what is there, kept by id. */
function rows<T extends { readonly id: number }>(
  name: string,
  make: (value: T) => Row<T>,
): (values: readonly T[]) => void {
  const known = new Map<number, Row<T>>();
  return (values) => {
    for (const [id, row] of known) {
      if (values.some((value) => value.id === id)) continue;
      row.node.remove();
      known.delete(id);
    }
    for (const value of values) {
      const row = known.get(value.id) ?? make(value);
      row.update(value);
      if (known.has(value.id)) continue;
      known.set(value.id, row);
      find(name).append(row.node);
    }
    find(`no-${name}`).hidden = values.length > 0;
  };
}

const drawSessions = rows<ListedSession>('sessions', (session) => new SessionRow(session));
const drawDevices = rows<ListedDevice>('devices', (device) => new DeviceRow(device));

function draw(): void {
  const { user = 'You', target = location.host } = claims;
  const { program = 'program', pid = 0 } = view?.list ?? {};
  connection.update(state, `${user} at ${target}: urbdrc ${program}, process ${pid}.`);
  drawSessions(view?.list?.sessions ?? []);
  drawDevices(view?.list?.devices ?? []);
}

find('connection').append(connection.node);
const { token } = tokensInAddress();
if (token !== undefined) connect(token);
draw();
