import { asError } from '../../codecs/core/errors.ts';
import { InvalidArgumentError } from 'commander';
import { isLoopback, parseTransportUrl, type TransportUrl } from '../../transports/url.ts';
import { Failure } from './failure.ts';
import { RepeatableOption } from './repeatableOption.ts';

/** The port of usbredirserver, where people expect usbredir. */
const DEFAULT_PORT = 4000;
const FORM = /^usbredir(?:(?<listen>\+listen)?(?<unix>\+unix)?|(?<ws>\+ws)):(?<rest>\/.*)$/;
const FORMS =
  'use usbredir://HOST:PORT, usbredir+ws://HOST:PORT or usbredir+unix:/PATH where QEMU listens, ' +
  'usbredir+listen://HOST:PORT or usbredir+listen+unix:/PATH where it dials';

/** Where a port of a virtual machine is. */
export interface GuestUrl {
  /** As it was given. */
  readonly text: string;
  /** Whether the machine dials. */
  readonly isListening: boolean;
  readonly target: TransportUrl;
}

/** @throws UsageError or Failure for what is no such URL, and for a listener that other machines can reach */
export function parseGuestUrl(text: string): GuestUrl {
  const { listen, unix, ws, rest } = FORM.exec(text)?.groups ?? {};
  if (rest === undefined) throw new Failure(`--attach ${text} is not understood: use vhci; or ${FORMS}`, 2);
  const isListening = listen !== undefined;
  const withPort = /:\d+\/?$/.test(rest) ? rest : `${rest.replace(/\/$/, '')}:${DEFAULT_PORT}`;
  const url = unix === undefined ? `${ws === undefined ? 'tcp' : 'ws'}:${withPort}` : `unix:${rest}`;
  const target = parseTransportUrl(url, isListening ? 'listen' : 'dial');
  if (isListening && target.scheme !== 'unix' && !isLoopback(target.host)) {
    const problem = 'usbredir has neither password nor encryption. Listen on 127.0.0.1, and let other machines come';
    throw new Failure(`--attach ${text}: ${problem} through a tunnel: ssh -L`, 2);
  }
  return { text, isListening, target };
}

/** `--attach`, which refuses what is neither one of `others` nor a URL. */
export function guestOption(flags: string, text: string, others: readonly string[]): RepeatableOption {
  const option = new RepeatableOption(flags, text);
  const { parseArg } = option;
  option.argParser((value: string, values?: readonly string[]) => {
    try {
      if (!others.includes(value)) parseGuestUrl(value);
    } catch (error) {
      throw new InvalidArgumentError(asError(error).message);
    }
    return parseArg?.(value, values ?? []);
  });
  // For the completion of shells.
  option.argChoices = others.length > 0 ? [...others] : [`usbredir://127.0.0.1:${DEFAULT_PORT}`];
  return option;
}
