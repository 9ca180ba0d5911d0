import { cpus } from 'node:os';
import { benchCodecs } from './codecs.ts';
import { benchDesktop, UPDATE_SIZE } from './desktop.ts';
import type { Measurement } from './measure.ts';
import { benchStack, TRANSFER_SIZE } from './stack.ts';
import { print, table } from './table.ts';

/** Prints what the codecs and the whole stack cost on this machine, in tables for a terminal or for Markdown. */
async function main(): Promise<void> {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  print(`Node ${process.version}, ${cpus().length} x ${processor}; medians of 9 rounds`);
  print('');
  const codecs = await benchCodecs();
  table(
    ['codec, ns per message', 'decode', 'by hand', 'ratio', 'encode', 'by hand', 'ratio'],
    codecs.map(({ name, decode, decodeByHand, encode, encodeByHand }) => [
      name,
      nanoseconds(decode),
      nanoseconds(decodeByHand),
      ratio(decode),
      nanoseconds(encode),
      nanoseconds(encodeByHand),
      ratio(encode),
    ]),
  );
  print('');
  const { bulk, control } = await benchStack();
  table(
    ['bulk transfers of 64 KiB', 'per second', 'MiB/s', 'rate to raw', 'spread', 'processor, µs'],
    bulk.map((each) => [
      each.name,
      (1e9 / each.nanoseconds).toFixed(0),
      ((1e9 / each.nanoseconds) * (TRANSFER_SIZE / 1024 / 1024)).toFixed(0),
      `${(1 / (each.ratio ?? Number.NaN)).toFixed(2)}x`,
      spread(each),
      microseconds(each.processor),
    ]),
  );
  print('');
  table(
    ['a control transfer of 18 bytes', 'µs', 'time to raw', 'spread', 'processor, µs'],
    control.map((each) => [
      each.name,
      microseconds(each.nanoseconds),
      ratio(each),
      spread(each),
      microseconds(each.processor),
    ]),
  );
  print('');
  table(
    [`desktop, updates of ${UPDATE_SIZE} bytes`, 'MiB/s', 'rate to relay', 'spread', 'processor, µs'],
    (await benchDesktop()).map((each) => [
      each.name,
      ((1e9 / each.nanoseconds) * (UPDATE_SIZE / 1024 / 1024)).toFixed(0),
      `${(1 / (each.ratio ?? Number.NaN)).toFixed(2)}x`,
      spread(each),
      microseconds(each.processor),
    ]),
  );
}

function nanoseconds(measurement: Measurement): string {
  return measurement.nanoseconds.toFixed(0);
}

function microseconds(time: number): string {
  return (time / 1000).toFixed(1);
}

function ratio(measurement: Measurement): string {
  return `${(measurement.ratio ?? Number.NaN).toFixed(1)}x`;
}

function spread(measurement: Measurement): string {
  return `±${((measurement.spread / 2) * 100).toFixed(0)} %`;
}

await main();
