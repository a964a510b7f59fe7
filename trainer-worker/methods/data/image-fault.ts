/** What is wrong with one image of many, and what to do about it; whoever knows where it is tells that. */
export class ImageFault extends Error {
  /** One sentence. */
  readonly remedy: string;

  /** @param message the end of a sentence, without its full stop */
  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'ImageFault';
    this.remedy = remedy;
  }
}

/** What to do about an image that no reader understands. */
const standard = 'Write it anew as a PNG of 8 bits a channel, or leave it out.';

/** The fault that anything thrown at an image stands for. */
export function imageFaultOf(thrown: unknown): ImageFault {
  if (thrown instanceof ImageFault) return thrown;
  const why = thrown instanceof Error ? thrown.message.replace(/\.$/, '') : String(thrown);
  return new ImageFault(why, standard);
}
