import { Command, Option } from 'commander';
import { Failure } from './failure.ts';
import { isRdpUrl } from '../../transports/rdp/rdpUrl.ts';
import { attachOption, attachSeatOption } from './attachOption.ts';
import { captureOption } from './captureOption.ts';
import { configOption } from './configFile.ts';
import { controlOption } from './controlOption.ts';
import { certificateOptions, fingerprintOption } from './endpoint.ts';
import { exportOption, exportWaitOption } from './exportOption.ts';
import { metricsOption } from './metricsOption.ts';
import { peerOption } from './peerOption.ts';
import { addRuleOptions, filterOption, RULES_HELP } from './policyOptions.ts';
import { addOutputOptions } from './programEvent.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { addRdpOptions } from './rdpEndpoint.ts';
import { serve, type ServeOptions } from './serve.ts';
import { shareOptions } from './shareOption.ts';

interface ProxyOptions extends ServeOptions {
  readonly listen: string;
  readonly to: string;
}

export function proxyCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('proxy')
    .description('lead RDP clients to an RDP server that has no USB redirection, and take their USB devices')
    .addOption(new Option('--listen <url>', 'rdp://HOST:PORT, where RDP clients come').makeOptionMandatory())
    .addOption(new Option('--to <url>', 'rdp://HOST[:PORT], the server with the desktop').makeOptionMandatory());
  addRdpOptions(command)
    .addOption(new Option('--to-password-file <file>', 'of the user in --to rdp://USER@HOST, for servers with NLA'))
    .addOption(new Option('--domain <name>', 'Windows domain of the user in --to'))
    .addOption(
      new Option('--known-hosts <file>', 'remembers the certificate of the server; default: in the state folder'),
    )
    .addOption(fingerprintOption('accept only the server certificate with this fingerprint'))
    .addOption(new Option('--ca <file>', 'trust server certificates signed by this one (PEM)'))
    .addOption(new Option('--insecure', 'accept any certificate of the server (for trying out only)'))
    .addOption(attachOption())
    .addOption(attachSeatOption().conflicts('export'))
    .addOption(exportOption().conflicts('attach'))
    .addOption(exportWaitOption().conflicts('attach'))
    .addOption(configOption())
    .addOption(controlOption())
    .addOption(metricsOption())
    .addOption(captureOption())
    .addOption(peerOption());
  for (const option of [...certificateOptions(), ...shareOptions()]) command.addOption(option);
  addOutputOptions(command);
  return addRuleOptions(command)
    .addOption(filterOption())
    .addHelpText(
      'after',
      `${RULES_HELP}
Clients are FreeRDP with /usb, or mstsc with RemoteFX USB redirection; they get the server's desktop, and their devices are
taken here. Without --user and --password-file it listens only on this machine; with them, a client has to log on with that
name and password, which the server gets, too. More is in docs/rdp-proxy.md.

Examples:
  urbdrc proxy --listen rdp://127.0.0.1:3390 --to rdp://127.0.0.1:3389 --attach vhci
  urbdrc proxy --listen rdp://0.0.0.0:3389 --user ali --password-file secret --to rdp://127.0.0.1:3390 --attach vhci
  urbdrc proxy --listen rdp://127.0.0.1:3390 --to rdp://ali@desk --to-password-file secret --attach vhci`,
    )
    .action((options: ProxyOptions) => proxy(options, context));
}

async function proxy(options: ProxyOptions, context: ProgramContext): Promise<void> {
  for (const [name, url] of [
    ['--listen', options.listen],
    ['--to', options.to],
  ] as const) {
    if (!isRdpUrl(url)) throw new Failure(`${name} ${url}: a proxy is for RDP alone, use rdp://HOST:PORT`, 2);
  }
  await serve(options, context);
}
