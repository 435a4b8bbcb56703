export type Failover = { enabled: boolean; order: string[]; on_quota: boolean };
