import type RFB from '@novnc/novnc';
import { asError } from '../../../codecs/core/errors.ts';
import { errorOfClose } from '../../../transports/webSocket/closeCodes.ts';
import { claimsIn } from '../model/tokenClaims.ts';
import { button, element, setText } from './dom.ts';
import { webSocketAt } from './place.ts';
import { TokenForm } from './tokenForm.ts';

/** Where a screen stands. */
type ScreenState =
  /** `problem`: there was one, or should have been. */
  | { readonly name: 'apart'; readonly problem: string | undefined }
  | { readonly name: 'connecting' }
  /** The console wants to know who is there. */
  | { readonly name: 'locked'; readonly client: RFB; readonly wantsUser: boolean }
  | { readonly name: 'open'; readonly client: RFB };

/** The screen of a virtual machine, by noVNC, beside the devices of the page. */
export class ScreenPanel {
  readonly node: HTMLElement;
  readonly #place: HTMLElement;
  readonly #screen = element('div', { class: 'screen' });
  readonly #problem = element('p', { class: 'notice', role: 'alert', hidden: true });
  readonly #status = element('p', { role: 'status' });
  readonly #token = new TokenForm(
    'screen-token',
    'Token of the console. It is good for one connection.',
    'Show the screen',
    (token) => void this.connect(token),
  );
  readonly #user = element('input', { type: 'text', id: 'screen-user', autocomplete: 'username' });
  readonly #userRow = element('div', { class: 'row' }, element('label', { for: 'screen-user' }, 'User'), this.#user);
  readonly #password = element('input', { type: 'password', id: 'screen-password', autocomplete: 'off' });
  readonly #credentials: HTMLFormElement;
  readonly #type = button('Type at this screen', () => this.#client()?.focus(), { class: 'primary' });
  readonly #keys: HTMLElement;
  readonly #end = button('Close the screen', () => this.#close());
  #socket: WebSocket | undefined;
  /** The person ends it. */
  #isClosing = false;
  #state: ScreenState = { name: 'apart', problem: undefined };
  #target = '';

  /** @param place - has the attribute `data-screen` while there is one */
  constructor(place: HTMLElement) {
    this.#place = place;
    this.#credentials = element(
      'form',
      {},
      this.#userRow,
      element(
        'div',
        { class: 'row' },
        element('label', { for: 'screen-password' }, 'Password of the console'),
        this.#password,
        element('button', { type: 'submit', class: 'primary' }, 'Log on'),
      ),
    );
    this.#credentials.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#logOn();
    });
    this.#keys = element(
      'div',
      { class: 'buttons' },
      this.#type,
      button('Ctrl+Alt+Del', () => this.#client()?.sendCtrlAltDel()),
    );
    this.#screen.addEventListener('keydown', (event) => this.#leave(event), { capture: true });
    const bar = element('div', { class: 'buttons' }, this.#status, this.#keys, this.#end);
    this.node = element('div', {}, this.#problem, this.#token.node, bar, this.#credentials, this.#screen);
    this.#draw();
  }

  /** Shows the console that a token names. */
  async connect(token: string): Promise<void> {
    if (this.#state.name !== 'apart') return;
    this.#target = claimsIn(token).target ?? location.host;
    this.#isClosing = false;
    this.#enter({ name: 'connecting' });
    try {
      const { default: Client } = await import('@novnc/novnc');
      const socket = new WebSocket(webSocketAt(token), ['binary']);
      this.#socket = socket;
      let failure: string | undefined;
      socket.addEventListener('close', ({ code, reason }) => {
        const why = () => failure ?? problemOf(code, reason) ?? `${this.#target} has closed the connection`;
        this.#enter({ name: 'apart', problem: this.#isClosing ? undefined : why() });
      });
      const client = new Client(this.#screen, socket);
      client.scaleViewport = true;
      this.#name();
      client.addEventListener('connect', () => this.#enter({ name: 'open', client }));
      client.addEventListener('credentialsrequired', ({ detail: { types } }) =>
        this.#enter({ name: 'locked', client, wantsUser: types.includes('username') }),
      );
      client.addEventListener('securityfailure', ({ detail: { reason = 'it gives no reason' } }) => {
        failure = `The console lets nobody in with this: ${reason}`;
      });
      client.addEventListener('serververification', () => {
        failure = 'The console wants its key to be looked at, which this page cannot: use a VNC client';
        client.disconnect();
      });
    } catch (error) {
      this.#enter({ name: 'apart', problem: asError(error).message });
    }
  }

  /** For who does not see it. */
  #name(): void {
    const canvas = this.#screen.querySelector('canvas');
    canvas?.setAttribute('role', 'application');
    canvas?.setAttribute('aria-label', `Screen of ${this.#target}`);
  }

  #close(): void {
    this.#isClosing = true;
    this.#socket?.close();
  }

  #client(): RFB | undefined {
    return this.#state.name === 'open' ? this.#state.client : undefined;
  }

  #logOn(): void {
    if (this.#state.name !== 'locked') return;
    const { client, wantsUser } = this.#state;
    const password = this.#password.value;
    this.#password.value = '';
    this.#enter({ name: 'connecting' });
    client.sendCredentials(wantsUser ? { username: this.#user.value, password } : { password });
  }

  /** All keys go to the screen, Tab as well: three at once give the keyboard back to the page. */
  #leave(event: KeyboardEvent): void {
    const client = this.#client();
    if (client === undefined || !(event.ctrlKey && event.altKey && event.shiftKey)) return;
    event.stopPropagation();
    event.preventDefault();
    // Lets go of what is down there.
    client.viewOnly = true;
    client.viewOnly = false;
    this.#type.focus();
  }

  #enter(state: ScreenState): void {
    this.#state = state;
    this.#draw();
    if (state.name === 'locked') (state.wantsUser ? this.#user : this.#password).focus();
  }

  #draw(): void {
    const state = this.#state;
    const isApart = state.name === 'apart';
    const problem = isApart ? state.problem : undefined;
    this.#problem.hidden = problem === undefined;
    setText(this.#problem, problem === undefined ? '' : `${problem}.`);
    this.#token.update({ isShown: isApart, isBusy: false });
    this.#credentials.hidden = state.name !== 'locked';
    this.#userRow.hidden = state.name !== 'locked' || !state.wantsUser;
    this.#keys.hidden = state.name !== 'open';
    this.#end.hidden = isApart;
    this.#screen.hidden = state.name !== 'open';
    setText(this.#status, this.#words());
    if (isApart) delete this.#place.dataset['screen'];
    else this.#place.dataset['screen'] = state.name;
  }

  #words(): string {
    switch (this.#state.name) {
      case 'apart':
        return '';
      case 'connecting':
        return `Connecting to ${this.#target}.`;
      case 'locked':
        return `${this.#target} asks who is there.`;
      case 'open':
        return `Screen of ${this.#target}. While it has the focus all keys go there; Ctrl, Alt and Shift at once bring them back.`;
    }
  }
}

function problemOf(code: number, reason: string): string | undefined {
  // Browsers keep the reason of a connection that did not open from pages.
  if (code === 1006) return 'The connection to the console was lost, or the gateway does not let pages from here in';
  return errorOfClose({ code, reason }, location.host)?.message;
}
