import { UsageError } from '../../codecs/core/errors.ts';
import { type CaptureHeader, type CapturedEvent, type CapturedMessage, parseCaptureLine } from './captureLine.ts';

/** A line of a connection, with its number in the file, from 1. */
export type CaptureRecord = (CapturedMessage | CapturedEvent) & { readonly line: number };

/** One connection of a capture. */
export interface RecordedSession {
  /** The first line of the connection. */
  readonly header: CaptureHeader;
  /** In the order in which they were recorded. */
  readonly records: readonly CaptureRecord[];
}

/** Lines of text. A text as a whole, or a path, is none: it would be read character by character. */
export type CaptureLines = Iterable<string> & { readonly charAt?: never };

/**
 * Reads a whole capture, for which {@link CaptureLines} are its lines: `text.split('\n')`. Blank lines mean nothing, and neither do lines without a message, a channel event or a header;
 * a connection whose header is missing gets an empty one.
 * @throws UsageError `line 17: ...` for the first line that is not as docs/captures.md says, and for a text
 * that was not split into lines
 */
export function readCapture(lines: CaptureLines): RecordedSession[] {
  if (typeof lines === 'string')
    throw new UsageError('readCapture: give the lines of a capture, not its text or its path');
  const sessions = new Map<number, { header: CaptureHeader; records: CaptureRecord[] }>();
  let number = 0;
  for (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const line = parseNumbered(text, number);
    const { connection } = line;
    const session = sessions.get(connection) ?? { header: unknownHeader(connection), records: [] };
    sessions.set(connection, session);
    if (line.type !== 'header') session.records.push({ ...line, line: number });
    else if (session.header.peer !== '' || session.records.length > 0) {
      throw new UsageError(`line ${number}: connection ${connection} has begun already`, { code: 'INVALID_FILE' });
    } else session.header = line;
  }
  return [...sessions.values()];
}

function parseNumbered(text: string, number: number) {
  try {
    return parseCaptureLine(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`line ${number}: ${error.message}`, { code: error.code });
    throw error;
  }
}

function unknownHeader(connection: number): CaptureHeader {
  return { type: 'header', connection, peer: '', role: undefined, program: undefined, started: undefined };
}
