import createDebug from 'debug';

/**
 * Diagnostics, switched on with the environment variable DEBUG: `urbdrc:channel` tells what opens and closes,
 * `urbdrc:message` names lengths, `urbdrc:wire` prints every message's bytes, `urbdrc:ignored` what was dropped and why.
 */
export const log = {
  channel: createDebug('urbdrc:channel'),
  message: createDebug('urbdrc:message'),
  wire: createDebug('urbdrc:wire'),
  ignored: createDebug('urbdrc:ignored'),
};
