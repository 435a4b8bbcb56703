//! Upstream's ids of models as people say them.

/** `us.anthropic.claude-sonnet-4-5-20250929-v1:0` as `claude-sonnet-4-5`; what is no such id stays as it is. */
export function modelName(id: string): string {
  return id.replace(/^.*\//, '').replace(/^([a-z]{2,6}\.)?[a-z0-9]+\.(?=[a-z])/, '').replace(/(-\d{8})?(-v\d+)?(:\d+)?$/, '');
}

/** Whether both name one model, however they spell it. */
export function sameModel(asked: string, served: string): boolean {
  const plain = (name: string): string => modelName(name.toLowerCase()).replaceAll('.', '-');
  return plain(asked) === plain(served);
}
