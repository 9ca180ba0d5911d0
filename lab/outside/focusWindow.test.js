// redirect --focus-window at a real X server with a real window manager. docs/seats.md.
import { expect } from 'chai';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

const SLOW = 60_000;
/** The name of the window that shows the remote desktop, as WM_CLASS has it. */
const DESKTOP = 'remote-desktop';
const HERE = /^keyboards and mice are here$/;
const THERE = /^keyboards and mice are at the other end$/;

describe('keyboards that follow the active window of an X server', () => {
  /** @type {Stage} */
  let stage;
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let screen;
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let client;
  let display = '';

  /**
   * A program of this display.
   * @param {string} command
   * @param {string[]} args
   */
  function start(command, ...args) {
    const program = lab.spawnProgram(command, args, { env: { ...process.env, DISPLAY: display } });
    stage.atEnd(() => program.stop('SIGKILL'));
    return program;
  }

  /** A window, which the window manager makes the active one. @param {string} name */
  const openWindow = (name) => start('xmessage', '-name', name, name);

  beforeEach(async () => {
    stage = await Stage.open();
    screen = lab.spawnProgram('Xvfb', ['-displayfd', '1', '-screen', '0', '640x480x24', '-nolisten', 'tcp']);
    stage.atEnd(() => screen.stop());
    const [, number = ''] = await screen.waitForLine(/^(\d+)$/, SLOW);
    display = `:${number}`;
    start('openbox', '--sm-disable');
    await lab.waitUntil(
      async () => {
        const root = start('xprop', '-root', '_NET_SUPPORTING_WM_CHECK');
        await root.exit;
        return root.lines.some((line) => /window id # 0x/.test(line));
      },
      SLOW,
      'openbox manages the windows',
    );
    const server = stage.urbdrc('serve', '--listen', 'tcp://127.0.0.1:0');
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, SLOW);
    const args = ['redirect', '--virtual', 'keyboard', '--focus-window', DESKTOP, '--connect', url];
    client = stage.urbdrcBy(['env', `DISPLAY=${display}`], ...args);
    await server.waitForLine(/^device 1209:0002/, SLOW);
    await client.waitForLine(HERE, SLOW);
  });
  afterEach(() => stage.end());

  it('are at the other end while that window is active, and here while another one is, or none', async () => {
    const desktop = openWindow(DESKTOP);
    await client.waitForLine(THERE, SLOW);
    const other = openWindow('editor');
    await client.waitForLine(HERE, SLOW);
    await other.stop();
    await client.waitForLine(THERE, SLOW);
    await desktop.stop();
    await client.waitForLine(HERE, SLOW);
  });

  it('stay where they are when the X server ends, which is told', async () => {
    openWindow(DESKTOP);
    await client.waitForLine(THERE, SLOW);
    await screen.stop();
    await client.waitForLine(
      /the active window is not followed: xprop ended with \d+; it needs the program xprop/,
      SLOW,
    );
    const moved = client.lines.filter((line) => HERE.test(line) || THERE.test(line));
    expect(moved).to.have.length(2);
    await client.stop('SIGINT');
  });
});
