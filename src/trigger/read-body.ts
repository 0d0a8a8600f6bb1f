/** The body's text up to a number of bytes; nothing beyond them is read. */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    chunks.push(read.value.subarray(0, left));
    left -= read.value.length;
    if (left < 0) {
      await reader?.cancel();
      break;
    }
  }
  return { text: new TextDecoder().decode(Buffer.concat(chunks)), whole: left >= 0 };
}
