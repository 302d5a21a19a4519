import type { Agent } from 'node:http';
import { Failure } from '../../../reasons/failure.ts';
import type { ClusterAccess } from './access.ts';

const maxErrorLength = 500;

/**
 * Headers and agent for one request. A kubeconfig's plugin may hang, and client-node has no timeout for it.
 * @throws the signal's reason once it is aborted; exec-unavailable when there are no credentials
 */
export async function authenticate(
  access: ClusterAccess,
  signal: AbortSignal,
): Promise<{ headers: Record<string, string>; agent: Agent }> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abandon = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await Promise.race([access.authenticate(), aborted]);
  } catch (cause) {
    signal.throwIfAborted();
    const what = 'no credentials for the API server';
    // What a plugin printed in place of JSON may be a token, and the error quotes it.
    if (cause instanceof SyntaxError)
      throw new Failure('exec-unavailable', { detail: `${what}: the plugin's answer is not JSON` });
    // Only the last line: those before it may be a plugin's debug output, with requests and tokens.
    const words = ((cause as Error).message.trim().split('\n').at(-1) ?? '').slice(0, maxErrorLength);
    throw new Failure('exec-unavailable', { detail: `${what}: ${words}`, cause });
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
