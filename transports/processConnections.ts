import { readFileSync } from 'node:fs';
import { ConnectionLimit } from '../src/admission/connectionLimit.ts';

/** Connections of all listeners together. */
const MAXIMUM_CONNECTIONS = 256;
/** Files that a process needs besides: Node's own, devices, captures. */
const OTHER_FILES = 64;
const MINIMUM_CONNECTIONS = 8;

let shared: ConnectionLimit | undefined;

/**
 * The limit of all listeners of this process that are given no other. It stays below the number of files that the system
 * lets the process open: beyond that number the system drops connections, and nobody is told.
 */
export function processConnections(): ConnectionLimit {
  shared ??= new ConnectionLimit(connectionsWithin(openFileLimit()));
  return shared;
}

/** How many connections there may be where so many files may be open. */
export function connectionsWithin(files: number): number {
  return Math.max(MINIMUM_CONNECTIONS, Math.min(MAXIMUM_CONNECTIONS, files - OTHER_FILES));
}

/** Infinity where the system does not tell. Linux tells it in a file. */
function openFileLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
