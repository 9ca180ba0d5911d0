import { Option } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { type Capture, type CaptureOptions as OpenOptions, openCapture } from '../capture/openCapture.ts';
import { Failure, oneLine } from './failure.ts';
import { fileProblem } from './files.ts';
import { packageVersion } from './packageVersion.ts';
import type { Terminal } from './terminal.ts';

export interface CaptureOptions {
  readonly capture?: string;
}

export function captureOption(): Option {
  return new Option('--capture <file>', 'record: .jsonl the URBDRC messages, .pcapng the USB traffic for Wireshark');
}

/** For a command without --capture. */
const NO_CAPTURE: Capture = {
  connection: () => ({ ended: () => {} }),
  device: (device) => device,
  lost: 0,
  close: () => {},
};

/**
 * Begins to record where the user wants it.
 * @throws UsageError for a file of another ending, Failure for one that cannot be written
 */
export function startCapture({ capture }: CaptureOptions, role: 'client' | 'server', terminal: Terminal): Capture {
  if (capture === undefined) return NO_CAPTURE;
  const onFailure = (error: Error) => {
    terminal.warn(`${capture} cannot be written any more, nothing is recorded from now on: ${oneLine(error)}`);
  };
  const opened = open(capture, { role, program: `urbdrc ${packageVersion()}`, onFailure });
  terminal.say(`recording to ${capture}; it holds all that is sent, keys and passwords too`);
  return opened;
}

function open(path: string, options: OpenOptions): Capture {
  try {
    return openCapture(path, options);
  } catch (error) {
    throw error instanceof UsageError ? error : new Failure(`cannot write ${path}: ${fileProblem(error)}`);
  }
}

/** Ends the recording and says what is missing, if anything. */
export function endCapture(opened: Capture, { capture }: CaptureOptions, terminal: Terminal): void {
  opened.close();
  if (opened.lost > 0) terminal.warn(`${capture ?? ''} is not complete: ${opened.lost} records were not written`);
}
