/** What is used of noVNC, whose package has no types (its documentation: API.md). */
declare module '@novnc/novnc' {
  interface Credentials {
    readonly username?: string;
    readonly password?: string;
  }
  interface Events {
    readonly connect: Event;
    readonly credentialsrequired: CustomEvent<{ readonly types: readonly string[] }>;
    readonly securityfailure: CustomEvent<{ readonly reason?: string }>;
    readonly serververification: Event;
  }

  /** A client of a VNC server, which begins at once. */
  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket);
    scaleViewport: boolean;
    viewOnly: boolean;
    addEventListener<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void;
    sendCredentials(credentials: Credentials): void;
    sendCtrlAltDel(): void;
    focus(): void;
    disconnect(): void;
  }
}
