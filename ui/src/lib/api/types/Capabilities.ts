export type Capabilities = { autostart: boolean; reveal: boolean; notify: boolean; quit: boolean };
