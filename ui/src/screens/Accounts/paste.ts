//! What people paste: the lines AWS shows for the shell, an ini section, or JSON.

const NAMES: Record<string, string> = {
  aws_access_key_id: 'access_key_id',
  accesskeyid: 'access_key_id',
  aws_secret_access_key: 'secret_access_key',
  secretaccesskey: 'secret_access_key',
  aws_session_token: 'session_token',
  sessiontoken: 'session_token',
  aws_bearer_token_bedrock: 'api_key',
  refreshtoken: 'refresh_token',
  accesstoken: 'access_token',
  expiresat: 'expires_at',
  clientid: 'client_id',
  clientsecret: 'client_secret',
  profilearn: 'profile_arn',
  tokenendpoint: 'token_endpoint',
  issuerurl: 'issuer_url',
  aws_region: 'region',
  aws_default_region: 'region',
  region: 'region',
};

/** The fields found by name; null when the text is a single value, to be pasted as it is. */
export function parsePasted(text: string): Record<string, string> | null {
  const found: Record<string, string> = {};
  const pair = /^[\s,{]*(?:export\s+|set\s+|\$Env:)?["']?([A-Za-z_]+)["']?\s*[:=]\s*["']?([^"'\s,;}]+)["']?/gim;
  for (const [, name = '', value = ''] of text.matchAll(pair)) {
    const lower = name.toLowerCase();
    const field = NAMES[lower] ?? (Object.values(NAMES).includes(lower) ? lower : undefined);
    if (field && value) found[field] = value;
  }
  return Object.keys(found).length > 0 ? found : null;
}
