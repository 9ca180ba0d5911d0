import { DecodeError } from '../core/errors.ts';
import { type Configuration, parseConfiguration } from './configurationDescriptor.ts';

/** A configuration descriptor and what it says. */
export interface KnownConfiguration {
  readonly descriptor: Uint8Array;
  readonly configuration: Configuration;
}

/**
 * The configurations of a device. One whose descriptor cannot be read is left out and so cannot be selected: devices do
 * lie about their lengths, and their other configurations work.
 */
export function knownConfigurations(descriptors: readonly Uint8Array[]): KnownConfiguration[] {
  return descriptors.flatMap((descriptor) => {
    try {
      return [{ descriptor, configuration: parseConfiguration(descriptor) }];
    } catch (error) {
      if (error instanceof DecodeError) return [];
      throw error;
    }
  });
}
