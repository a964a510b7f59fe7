import { viridisTable } from '../../protocol/viridis';
import { brightFrom, contourInks } from '../store/contour-ink';
import type { Rgba } from '../store/contrast';
import { hatchDistance } from '../store/field-holes';
import type { PlaneRenderer, PlaneScene, PointLayer } from './plane-renderer';

/** A colour as a shader has it. */
function vec4(color: Rgba): string {
  return `vec4(${color.map((part) => part.toFixed(3)).join(', ')})`;
}

const fieldVertexShader = `#version 300 es
out vec2 place;
void main() {
  // One triangle that covers the window.
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  place = corner;
  gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}`;

/**
 * Colours and contour lines of the field. The energy between cells is a Catmull-Rom interpolation
 * (Catmull & Rom 1974): it passes through the cells' values and has continuous slopes, so that
 * contour lines have no corners.
 */
const fieldFragmentShader = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D field;
uniform sampler2D colors;
uniform int resolution;
uniform float low;
uniform float high;
uniform bool showField;
uniform float contourStep;
uniform float lineWidth;
uniform float hatch;
uniform vec4 contourColor;
in vec2 place;
out vec4 color;

float cell(int column, int row) {
  return texelFetch(field, clamp(ivec2(column, row), 0, resolution - 1), 0).r;
}

vec4 weights(float t) {
  return 0.5 * vec4(
    t * (-1.0 + t * (2.0 - t)),
    2.0 + t * t * (-5.0 + 3.0 * t),
    t * (1.0 + t * (4.0 - 3.0 * t)),
    t * t * (t - 1.0));
}

float energy(vec2 at) {
  vec2 base = floor(at);
  vec4 x = weights(at.x - base.x);
  vec4 y = weights(at.y - base.y);
  int column = int(base.x);
  int row = int(base.y);
  float sum = 0.0;
  for (int r = 0; r < 4; r++) {
    vec4 cells = vec4(
      cell(column - 1, row + r - 1), cell(column, row + r - 1),
      cell(column + 1, row + r - 1), cell(column + 2, row + r - 1));
    sum += y[r] * dot(x, cells);
  }
  return sum;
}

void main() {
  ivec2 nearest = ivec2(place * float(resolution));
  if (texelFetch(field, clamp(nearest, ivec2(0), ivec2(resolution - 1)), 0).g > 0.5) {
    // Not a number: no colour of the scale, but lines on the bare ground.
    float across = mod(gl_FragCoord.x + gl_FragCoord.y, hatch);
    color = across < lineWidth * 1.5 ? contourColor : vec4(0.0);
    return;
  }
  float e = energy(place * float(resolution) - 0.5);
  float t = clamp((high - e) / (high - low), 0.0, 1.0);
  vec3 map = texture(colors, vec2((t * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  color = showField ? vec4(map, 1.0) : vec4(0.0);
  if (contourStep > 0.0) {
    float level = e / contourStep;
    float slope = max(fwidth(level), 1e-6);
    float distance = abs(fract(level - 0.5) - 0.5) / slope;
    float line = 1.0 - smoothstep(0.5 * lineWidth - 0.5, 0.5 * lineWidth + 0.5, distance);
    // No lines beyond the scale, nor where they would run together.
    line *= 1.0 - smoothstep(0.2, 0.45, slope / lineWidth);
    line *= 1.0 - step(high + 0.01 * contourStep, e);
    vec4 ink = showField
      ? (t > ${brightFrom} ? ${vec4(contourInks.onBright)} : ${vec4(contourInks.onDark)})
      : contourColor;
    float alpha = ink.a * line;
    color = vec4(ink.rgb * alpha + color.rgb * (1.0 - alpha), alpha + color.a * (1.0 - alpha));
  }
}`;

const pointVertexShader = `#version 300 es
layout(location = 0) in vec2 point;
uniform vec4 bounds;
uniform float size;
void main() {
  vec2 unit = (point - bounds.xy) / (bounds.zw - bounds.xy);
  gl_Position = vec4(2.0 * unit - 1.0, 0.0, 1.0);
  gl_PointSize = size;
}`;

const pointFragmentShader = `#version 300 es
precision highp float;
uniform float size;
uniform float radius;
uniform float outer;
uniform vec4 fill;
uniform vec4 outline;
out vec4 color;
void main() {
  float distance = length(gl_PointCoord - 0.5) * size;
  float inside = 1.0 - smoothstep(radius - 0.5, radius + 0.5, distance);
  float covered = 1.0 - smoothstep(outer - 0.5, outer + 0.5, distance);
  vec4 ink = mix(outline, fill, inside);
  color = vec4(ink.rgb, 1.0) * ink.a * covered;
}`;

/** A linked program and its uniforms by name. */
interface Program {
  readonly program: WebGLProgram;
  readonly uniform: (name: string) => WebGLUniformLocation | null;
}

interface Resources {
  readonly field: Program;
  readonly points: Program;
  readonly fieldTexture: WebGLTexture;
  readonly emptyArray: WebGLVertexArrayObject;
  readonly pointArray: WebGLVertexArrayObject;
  readonly pointBuffer: WebGLBuffer;
}

/** Draws a plane with WebGL 2. */
export class WebGlPlaneRenderer implements PlaneRenderer {
  readonly canvas: HTMLCanvasElement;
  readonly kind = 'webgl2';
  readonly #gl: WebGL2RenderingContext;
  #resources: Resources;
  #pixelRatio = 1;
  /** The field that is in the texture. */
  #uploaded: Float32Array | undefined;

  private constructor(
    canvas: HTMLCanvasElement,
    gl: WebGL2RenderingContext,
    resources: Resources,
    restored: () => void,
  ) {
    this.canvas = canvas;
    this.#gl = gl;
    this.#resources = resources;
    // A lost context comes back empty, and only if the loss was not accepted as final.
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => {
      const remade = createResources(gl);
      if (remade === undefined) return;
      this.#resources = remade;
      this.#uploaded = undefined;
      restored();
    });
  }

  /** A renderer, or none where the browser has no WebGL 2 that works. */
  static create(restored: () => void): WebGlPlaneRenderer | undefined {
    const canvas = document.createElement('canvas');
    const gl = canvas.getContext('webgl2', { antialias: false, depth: false });
    if (!gl) return undefined;
    const resources = createResources(gl);
    return resources && new WebGlPlaneRenderer(canvas, gl, resources, restored);
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.canvas.width = Math.round(width * pixelRatio);
    this.canvas.height = Math.round(height * pixelRatio);
    this.#pixelRatio = pixelRatio;
  }

  draw(scene: PlaneScene): void {
    const gl = this.#gl;
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const { field } = scene;
    if (field && (scene.showField || scene.contourStep !== undefined || field.holes)) {
      this.#drawField(scene, field);
    }
    for (const layer of scene.layers) this.#drawPoints(scene, layer);
  }

  #drawField(scene: PlaneScene, drawn: NonNullable<PlaneScene['field']>): void {
    const { values, holes, resolution } = drawn;
    const gl = this.#gl;
    const { field, fieldTexture, emptyArray } = this.#resources;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, fieldTexture);
    if (this.#uploaded !== values) {
      // Energies, and whether they are none.
      const cells = new Float32Array(2 * values.length);
      for (let cell = 0; cell < values.length; cell++) {
        cells[2 * cell] = values[cell]!;
        cells[2 * cell + 1] = holes?.[cell] ?? 0;
      }
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG32F, resolution, resolution, 0, gl.RG, gl.FLOAT, cells);
      this.#uploaded = values;
    }
    gl.useProgram(field.program);
    gl.uniform1i(field.uniform('field'), 0);
    gl.uniform1i(field.uniform('colors'), 1);
    gl.uniform1i(field.uniform('resolution'), resolution);
    gl.uniform1f(field.uniform('low'), scene.range.low);
    gl.uniform1f(field.uniform('high'), scene.range.high);
    gl.uniform1i(field.uniform('showField'), scene.showField ? 1 : 0);
    gl.uniform1f(field.uniform('contourStep'), scene.contourStep ?? 0);
    gl.uniform1f(field.uniform('lineWidth'), this.#pixelRatio);
    gl.uniform1f(field.uniform('hatch'), hatchDistance * this.#pixelRatio);
    gl.uniform4f(field.uniform('contourColor'), ...scene.contourColor);
    gl.bindVertexArray(emptyArray);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #drawPoints({ window }: PlaneScene, layer: PointLayer): void {
    const gl = this.#gl;
    const { points, pointArray, pointBuffer } = this.#resources;
    const radius = layer.radius * this.#pixelRatio;
    const outer = (layer.radius + layer.outlineWidth) * this.#pixelRatio;
    gl.useProgram(points.program);
    gl.bindVertexArray(pointArray);
    gl.bindBuffer(gl.ARRAY_BUFFER, pointBuffer);
    gl.bufferData(gl.ARRAY_BUFFER, layer.points, gl.DYNAMIC_DRAW);
    gl.uniform4f(points.uniform('bounds'), window.xLow, window.yLow, window.xHigh, window.yHigh);
    gl.uniform1f(points.uniform('size'), 2 * outer + 2);
    gl.uniform1f(points.uniform('radius'), radius);
    gl.uniform1f(points.uniform('outer'), outer);
    gl.uniform4f(points.uniform('fill'), ...layer.fill);
    gl.uniform4f(points.uniform('outline'), ...layer.outline);
    gl.drawArrays(gl.POINTS, 0, Math.floor(layer.points.length / 2));
  }
}

function createResources(gl: WebGL2RenderingContext): Resources | undefined {
  const field = link(gl, fieldVertexShader, fieldFragmentShader);
  const points = link(gl, pointVertexShader, pointFragmentShader);
  if (!field || !points) return undefined;

  const fieldTexture = createTexture(gl, gl.TEXTURE0);
  createTexture(gl, gl.TEXTURE1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, viridisTable);

  const emptyArray = gl.createVertexArray();
  const pointArray = gl.createVertexArray();
  const pointBuffer = gl.createBuffer();
  gl.bindVertexArray(pointArray);
  gl.bindBuffer(gl.ARRAY_BUFFER, pointBuffer);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  return { field, points, fieldTexture, emptyArray, pointArray, pointBuffer };
}

/** A texture without interpolation, bound to `unit`. */
function createTexture(gl: WebGL2RenderingContext, unit: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
    gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  }
  for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
    gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
  }
  return texture;
}

/** Compiles and links; none if this graphics card or driver cannot. */
function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program | undefined {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) return undefined;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return undefined;
  const locations = new Map<string, WebGLUniformLocation | null>();
  return {
    program,
    uniform: (name) => {
      let location = locations.get(name);
      if (location === undefined) {
        location = gl.getUniformLocation(program, name);
        locations.set(name, location);
      }
      return location;
    },
  };
}
