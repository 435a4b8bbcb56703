export type Server = { id: string; name: string; model_id: string; wire: string };
