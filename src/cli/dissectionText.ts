import { DecodeError, formatSpec } from '../../codecs/core/errors.ts';
import { toJson } from '../../codecs/core/json.ts';
import type { Dissection } from './dissector.ts';
import { oneLine } from './failure.ts';
import { jsonLine } from './text.ts';

/** A dissection as an object for JSON. */
export function asObject({ name, spec, value }: Dissection) {
  return { name, spec: `${spec.document} ${spec.section}`, value: toJson(value) };
}

/** In one line for people. */
export function asText({ name, spec, value }: Dissection): string {
  const fields = Object.entries(value).map(([field, content]) => `${field}=${fieldText(toJson(content))}`);
  return [name, formatSpec(spec), ...fields].join(' ');
}

function fieldText(content: unknown): string {
  return typeof content === 'string' && /^[\w{}\\&.-]+$/.test(content) ? content : jsonLine(content);
}

/** An error as an object for JSON. */
export function describeError(error: unknown) {
  const message = oneLine(error);
  if (error instanceof DecodeError) {
    const { code, offset, path, spec } = error;
    return { code, offset, path, message, spec: `${spec.document} ${spec.section}` };
  }
  return { code: 'BAD_INPUT', offset: 0, path: [], message };
}
