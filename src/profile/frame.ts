import type { FrameType } from './sampling.ts';

/** Names are chosen by whoever wrote the class, generated ones can be endless. */
const maxNameLength = 300;

/** Without control characters and of bounded length: how comparisons write a name that pictures have in full. */
export function printableName(name: string): string {
  return name.slice(0, maxNameLength).replaceAll(/\p{C}/gu, '\ufffd');
}

/**
 * `com/acme/shop/Checkout.price` → `com.acme.shop.Checkout.price`, for people; names without a slash (native,
 * kernel, GC) stay as they are.
 */
export function qualifiedName(name: string, type: FrameType): string {
  return isJava(type) ? name.replaceAll('/', '.') : name;
}

/** `com/acme/shop/Checkout.price` → `Checkout.price`: what a label has room for. */
export function shortName(name: string, type: FrameType): string {
  return isJava(type) ? name.slice(name.lastIndexOf('/') + 1) : name;
}

/** `com/acme/shop/Checkout.price` → `com.acme.shop`; '' for frames that have none. */
export function packageName(name: string, type: FrameType): string {
  if (!isJava(type)) return '';
  const end = name.lastIndexOf('/');
  return end < 0 ? '' : name.slice(0, end).replaceAll('/', '.');
}

/** True for frames that hold bytecode, however it was run. */
export function isJava(type: FrameType): boolean {
  return type === 'interpreted' || type === 'jit' || type === 'inlined' || type === 'c1';
}
