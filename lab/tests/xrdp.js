// Debian's xrdp: its settings, whether it listens, and what FreeRDP shows of it, as the X server that it draws on has it.
import { readFile } from 'node:fs/promises';
import * as lab from './support.js';

/** Colours of xrdp's login screen, as the display has them, and how many pixels at least: ground, window, and logo and fields. */
const COLOURS = /** @type {const} */ ([
  ['009cb5', 500_000],
  ['dedede', 80_000],
  ['ffffff', 30_000],
]);

/**
 * Settings of xrdp, changed.
 * @param {string} text
 * @param {Record<string, string>} settings
 */
export function withSettings(text, settings) {
  for (const [name, value] of Object.entries(settings)) {
    // The first one alone: others of the same name are about sessions.
    const changed = text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`);
    if (changed === text && !text.includes(`${name}=${value}\n`)) throw new Error(`there is no setting ${name}`);
    text = changed;
  }
  return text;
}

/**
 * Of /proc/net/tcp: a socket that listens has its own address, none of another end, and state 10.
 * @param {number} port
 */
export const listening = (port) => new RegExp(`:${hexPort(port)} 0+:0000 0A `, 'i');

/**
 * Of /proc/net/tcp: a connection that stands, at one of these ports.
 * @param {number[]} ports
 */
export const established = (...ports) => new RegExp(`^\\s*\\d+: \\S+:(${ports.map(hexPort).join('|')}) \\S+ 01 `, 'im');

/** @param {number} port */
const hexPort = (port) => port.toString(16).padStart(4, '0');

/**
 * The pixels of a display, 4 bytes each: its file is a window dump of X, with a header in big-endian numbers.
 * @param {string} folder that of Xvfb's `-fbdir`
 */
export async function picture(folder) {
  const dump = await readFile(`${folder}/Xvfb_screen0`);
  const COLOR_SIZE = 12;
  return dump.subarray(dump.readUInt32BE(0) + COLOR_SIZE * dump.readUInt32BE(76));
}

/**
 * The login screen, once it does not change any more.
 * @param {string} folder
 * @param {number} ms the time limit on an idle machine
 */
export async function loginScreen(folder, ms) {
  let last = Buffer.alloc(0);
  let unchanged = 0;
  await lab.waitUntil(
    async () => {
      const now = Buffer.from(await picture(folder));
      unchanged = now.equals(last) ? unchanged + 1 : 0;
      last = now;
      return unchanged >= 10 && isLoginScreen(now);
    },
    ms,
    'the login screen of xrdp is there',
  );
  return last;
}

/** @param {Buffer} pixels */
function isLoginScreen(pixels) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    const colour = (pixels.readUInt32LE(at) & 0xffffff).toString(16).padStart(6, '0');
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return COLOURS.every(([colour, least]) => (counts.get(colour) ?? 0) >= least);
}
