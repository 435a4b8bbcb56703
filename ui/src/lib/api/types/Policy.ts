export type Policy = 'documented_api' | 'undocumented_wire' | 'offline';
