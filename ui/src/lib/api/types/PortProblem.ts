export type PortProblem = { port: number; owner: string | null };
