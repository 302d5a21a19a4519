import { Failure } from '../../reasons/failure.ts';

/**
 * The bytes of a recording, gunzipped when they are gzipped. A gzip stream that is cut off gives what it held.
 * Throws Failure `recording-damaged` beyond `maximumBytes` or when the stream is no gzip after all.
 */
export function unpackRecording(recording: Uint8Array, maximumBytes: number): Buffer {
  const bytes = Buffer.from(recording.buffer, recording.byteOffset, recording.byteLength);
  if (bytes.length > maximumBytes) throw tooLarge(maximumBytes);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  // Loaded here: most files that are rendered by hand are not gzipped, and it takes 5 ms.
  const { constants, gunzipSync } = process.getBuiltinModule('node:zlib');
  try {
    // Z_SYNC_FLUSH: an unfinished stream ends without an error.
    return gunzipSync(bytes, { maxOutputLength: maximumBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maximumBytes);
    throw new Failure('recording-damaged', { detail: 'not a whole gzip file', cause: error });
  }
}

/** A recording beyond the bound. */
export function tooLarge(maximumBytes: number): Failure {
  return new Failure('recording-damaged', { detail: `larger than ${maximumBytes} bytes` });
}
