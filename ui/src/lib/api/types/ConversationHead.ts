export type ConversationHead = {
  id: string;
  title: string;
  updated_ms: number;
  model: string | null;
  account_id: string | null;
};
