export type Failure = {
  code: string;
  message: string;
  upstream_status: number | null;
  upstream_code: string | null;
  upstream_request_id: string | null;
};
