/** Folders of images as people have them: of one size or many, in folders by their class or not. */
import { readFile } from 'node:fs/promises';
import { type DecodedImage, decodeImage } from '../../methods/data/image-file';
import { findImages, unreadableImage } from '../../methods/data/image-folder';
import { largestSide } from './look-at-parquet';
import type { OptionValue } from './source-text';

/** What a folder of images has. */
export interface LookedAtImages {
  readonly count: number;
  /** What has to be said of them. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** Images that are looked at, spread over all. */
const most = 200;
/** What images are scaled to that are of several sizes, or large. */
const scaled = 32;

/**
 * Looks at images of a folder.
 *
 * @param given a folder, or a pattern of names
 * @throws ProblemError of kind `data` where there are none, or one cannot be read
 */
export async function lookAtImages(given: string): Promise<LookedAtImages> {
  const { images } = await findImages(given, '.');
  const taken = Math.min(images.length, most);
  const seen: Pick<DecodedImage, 'height' | 'width' | 'channels'>[] = [];
  for (let i = 0; i < taken; i++) {
    const found = images[Math.floor((i * images.length) / taken)]!;
    try {
      const { height, width, channels } = decodeImage(await readFile(found.path));
      seen.push({ height, width, channels });
    } catch (error) {
      throw unreadableImage(found.path, error);
    }
  }
  const differ = (of: (image: (typeof seen)[number]) => number) => new Set(seen.map(of)).size > 1;
  const isToScale =
    differ(({ height }) => height) ||
    differ(({ width }) => width) ||
    seen.some(({ height, width }) => Math.max(height, width) > largestSide);
  const folders = new Set(images.map(({ name }) => name.split('/').slice(0, -1)[0]));
  const areClasses = folders.size > 1 && !folders.has(undefined);
  const hasColours = seen.some(({ channels }) => channels >= 3);
  return {
    count: images.length,
    options: {
      ...(isToScale ? { size: [scaled, scaled] } : {}),
      ...(differ(({ channels }) => channels) ? { channels: hasColours ? 3 : 1 } : {}),
      ...(areClasses ? { labels: 'folder' } : {}),
    },
  };
}
