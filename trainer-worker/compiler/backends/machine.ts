import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What can be seen of a machine's GPUs without loading a driver: takes well under a millisecond. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** GPUs and what else may answer a graphics or compute call, as people name them; may be empty. */
  readonly gpus: readonly string[];
  /** Whether an NVIDIA driver is there. */
  readonly hasNvidia: boolean;
  /** Changes when a driver or a device does. */
  readonly fingerprint: string;
  /** Where the experiment lies, whose project may have packages; absent: nobody asked for one. */
  readonly experimentFolder?: string;
}

const vendors: Readonly<Record<string, string>> = {
  '0x1002': 'an AMD GPU',
  '0x10de': 'an NVIDIA GPU',
  '0x8086': 'an Intel GPU',
};

/** What the environment says about drivers and devices. */
const drivers = ['CUDA_VISIBLE_DEVICES', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'LD_LIBRARY_PATH'];

/**
 * Looks at the machine that this process runs on.
 *
 * @param experimentFolder where the experiment lies, if there is one
 */
export function lookAtMachine(experimentFolder?: string): Machine {
  const { platform, arch } = process;
  const nvidia = text('/proc/driver/nvidia/version');
  // Under WSL the driver is Windows's, seen through one device.
  const isWsl = existsSync('/dev/dxg');
  const gpus = { linux: linuxGpus, darwin: macGpus, win32: windowsGpus };
  const seen = gpus[platform as keyof typeof gpus]?.() ?? [];
  return {
    platform,
    arch,
    ...(experimentFolder === undefined ? {} : { experimentFolder }),
    gpus: seen,
    hasNvidia: nvidia !== '' || isWsl || platform === 'win32',
    fingerprint: [
      `${os.hostname()} ${platform} ${arch} ${os.release()}`,
      nvidia,
      ...seen,
      ...drivers.map((name) => `${name}=${process.env[name] ?? ''}`),
    ].join('\n'),
  };
}

function linuxGpus(): string[] {
  const cards = list('/sys/class/drm').filter((name) => /^card\d+$/.test(name));
  const named = list('/proc/driver/nvidia/gpus').map(
    (bus) =>
      /^Model:\s*(.+)$/m.exec(text(`/proc/driver/nvidia/gpus/${bus}/information`))?.[1] ??
      'an NVIDIA GPU',
  );
  const others = cards
    .map((card) => vendors[text(path.join('/sys/class/drm', card, 'device/vendor')).trim()])
    .filter((vendor) => vendor !== undefined)
    .filter((vendor) => named.length === 0 || vendor !== vendors['0x10de']);
  const configured = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES']
    .filter((name) => process.env[name])
    .map((name) => `the Vulkan driver that ${name} names`);
  const wsl = existsSync('/dev/dxg') ? ['the GPU of Windows'] : [];
  return [...new Set([...named, ...others, ...wsl, ...configured])];
}

// Metal is part of every Mac that can run a current editor.
const macGpus = () => ['the GPU of this Mac'];

// Direct3D 12 always has an adapter; whether it is any good, a probe finds out.
const windowsGpus = () => ['the Direct3D 12 adapter'];

/** A small file's text, or nothing where it cannot be read: then the system has no such thing. */
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What a folder holds, or nothing where there is none. */
function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
