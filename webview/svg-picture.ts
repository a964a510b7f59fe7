/** Pixels of a picture for each CSS pixel of its drawing. */
const density = 2;

/** An SVG drawing as a PNG file. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = new OffscreenCanvas(density * image.width, density * image.height);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}
