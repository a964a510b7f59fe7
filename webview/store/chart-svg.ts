import { formatTick } from './number-format';
import { axisTicks } from './ticks';

/** A line of a {@link ChartPicture}. */
interface PictureLine {
  readonly label: string;
  /** Colour as CSS writes it. */
  readonly color: string;
  readonly dash: readonly number[];
  readonly width: number;
  /** Whether it is points that are not joined. */
  readonly isScattered: boolean;
  /** Whether the legend names it. */
  readonly isNamed: boolean;
  /** Where x has no value (`undefined`) the line passes; where it is not finite (`null`) it breaks. */
  readonly values: readonly (number | null | undefined)[];
}

/** A chart as it is to be drawn outside the page. */
export interface ChartPicture {
  readonly title: string;
  readonly xName: string;
  readonly width: number;
  readonly height: number;
  readonly x: readonly number[];
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  readonly isLog: boolean;
  readonly lines: readonly PictureLine[];
  /** Vertical lines with words. */
  readonly marks: readonly { readonly x: number; readonly word: string }[];
  readonly colors: {
    readonly background: string;
    readonly foreground: string;
    readonly muted: string;
    readonly grid: string;
  };
  readonly fontFamily: string;
}

const margin = { left: 64, right: 20, top: 30, bottom: 40 };
const legendRow = 18;

/** A chart as an SVG drawing: nothing in it runs, and nothing is fetched. */
export function chartSvg(picture: ChartPicture): string {
  const { title, xName, width, height, x, xRange, isLog, lines, marks, colors } = picture;
  const named = lines.filter(({ isNamed }) => isNamed);
  const whole = height + legendRow * named.length;
  const box = {
    right: width - margin.right,
    bottom: height - margin.bottom,
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
  };
  const scaled = (value: number) => (isLog ? Math.log10(value) : value);
  const [yLow, yHigh] = picture.yRange.map(scaled) as [number, number];
  const atX = (value: number) =>
    round(margin.left + ((value - xRange[0]) / (xRange[1] - xRange[0])) * box.width);
  const atY = (value: number) =>
    round(box.bottom - ((scaled(value) - yLow) / (yHigh - yLow)) * box.height);

  const parts: string[] = [
    `<rect width="${width}" height="${whole}" fill="${escaped(colors.background)}"/>`,
    text(width / 2, 18, title, colors.foreground, 'middle', 'font-weight="600"'),
  ];
  const xTicks = axisTicks(xRange[0], xRange[1], Math.floor(box.width / 80));
  for (const value of xTicks.values) {
    parts.push(rule(atX(value), margin.top, atX(value), box.bottom, colors.grid));
    const label = formatTick(value, xTicks.increment);
    parts.push(text(atX(value), box.bottom + 14, label, colors.muted, 'middle'));
  }
  for (const { value, label } of yMarks([yLow, yHigh], isLog, box.height)) {
    parts.push(rule(margin.left, atY(value), box.right, atY(value), colors.grid));
    parts.push(text(margin.left - 6, atY(value) + 4, label, colors.muted, 'end'));
  }
  const middle = margin.left + box.width / 2;
  parts.push(text(middle, box.bottom + 32, xName, colors.foreground, 'middle'));
  for (const mark of marks) {
    if (!(mark.x >= xRange[0] && mark.x <= xRange[1])) continue;
    parts.push(rule(atX(mark.x), margin.top, atX(mark.x), box.bottom, colors.muted));
    parts.push(text(atX(mark.x) + 3, margin.top + 10, mark.word, colors.muted, 'start'));
  }
  const drawn = lines.map((line) =>
    line.isScattered ? dotsOf(line, x, atX, atY) : pathOf(line, x, atX, atY),
  );
  parts.push(`<g clip-path="url(#plot)" fill="none">${drawn.join('')}</g>`);
  for (const [row, { label, color, dash }] of named.entries()) {
    const at = height + legendRow * row + 4;
    const stroke = `stroke="${escaped(color)}" stroke-width="2"${dashOf(dash)}`;
    parts.push(`<path d="M${margin.left} ${at}h28" ${stroke}/>`);
    parts.push(text(margin.left + 36, at + 4, label, colors.foreground, 'start'));
  }
  const clip = `<clipPath id="plot"><rect x="${margin.left}" y="${margin.top}" width="${box.width}" height="${box.height}"/></clipPath>`;
  const font = `font-family="${escaped(picture.fontFamily)}" font-size="11"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" ${font}><title>${escaped(title)}</title><defs>${clip}</defs>${parts.join('')}</svg>\n`;
}

/** Ticks of the vertical axis, whose ends are powers of ten where it is logarithmic. */
function yMarks(
  [low, high]: readonly [number, number],
  isLog: boolean,
  height: number,
): { readonly value: number; readonly label: string }[] {
  const { values, increment } = axisTicks(low, high, Math.floor(height / 40));
  if (!isLog) return values.map((value) => ({ value, label: formatTick(value, increment) }));
  return values.map((power) => {
    const value = 10 ** power;
    const size = 10 ** Math.floor(power);
    return { value, label: formatTick(value, Number.isInteger(power) ? size : size / 100) };
  });
}

type Place = (value: number) => number;

function pathOf(
  { values, color, dash, width }: PictureLine,
  x: readonly number[],
  atX: Place,
  atY: Place,
): string {
  let path = '';
  let isBroken = true;
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    if (value === null) {
      isBroken = true;
      continue;
    }
    path += `${isBroken ? 'M' : 'L'}${atX(x[at]!)} ${atY(value)}`;
    isBroken = false;
  }
  const stroke = `stroke="${escaped(color)}" stroke-width="${width}"`;
  return `<path d="${path}" ${stroke} stroke-linejoin="round"${dashOf(dash)}/>`;
}

function dotsOf(
  { values, color }: PictureLine,
  x: readonly number[],
  atX: Place,
  atY: Place,
): string {
  const dots = values.map((value, at) =>
    value === undefined || value === null
      ? ''
      : `<circle cx="${atX(x[at]!)}" cy="${atY(value)}" r="1.5"/>`,
  );
  return `<g fill="${escaped(color)}">${dots.join('')}</g>`;
}

function dashOf(dash: readonly number[]): string {
  return dash.length > 0 ? ` stroke-dasharray="${dash.join(' ')}"` : '';
}

function rule(x0: number, y0: number, x1: number, y1: number, color: string): string {
  return `<path d="M${x0} ${y0}L${x1} ${y1}" stroke="${escaped(color)}"/>`;
}

function text(
  x: number,
  y: number,
  words: string,
  color: string,
  anchor: 'start' | 'middle' | 'end',
  more = '',
): string {
  return `<text x="${x}" y="${y}" fill="${escaped(color)}" text-anchor="${anchor}" ${more}>${escaped(words)}</text>`;
}

/** A hundredth of a pixel is enough. */
function round(value: number): number {
  return Math.round(100 * value) / 100;
}

/** Control characters have no place in XML, however they are written. */
function escaped(words: string): string {
  return words
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
