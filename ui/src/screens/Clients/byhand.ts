//! Steps that hold for any program with these settings, for a backend that has no list of editors.

import type { Client } from '$lib/api/types';

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function byHand(anthropic: string, openai: string, key: string | null): Client[] {
  const secret = key ?? '<key>';
  const client = (id: string, name: string, lines: [string, string][]): Client => {
    const names = lines.map(([variable]) => variable).join(', ');
    const shell = lines.map(([variable, value]) => `export ${variable}=${quoted(value)}`).join('\n');
    const powershell = lines.map(([variable, value]) => `$Env:${variable} = '${value.replaceAll("'", "''")}'`).join('\n');
    return {
      id, name, kind: 'command_line', state: 'unknown', last_seen_ms: null, version: null, note_code: null,
      steps: [
        { os: 'linux', kind: 'env', text: names, code: null, copy: shell },
        { os: 'macos', kind: 'env', text: names, code: null, copy: shell },
        { os: 'windows', kind: 'env', text: names, code: null, copy: powershell },
      ],
    };
  };
  return [
    client('anthropic', 'Claude Code, Anthropic SDK', [['ANTHROPIC_BASE_URL', anthropic], ['ANTHROPIC_API_KEY', secret]]),
    client('openai', 'OpenAI SDK', [['OPENAI_BASE_URL', openai], ['OPENAI_API_KEY', secret]]),
  ];
}
